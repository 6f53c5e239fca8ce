//! Counts the directives of a script without parsing it.

use wast::lexer::{Lexer, Token, TokenKind};

/// First words of what a script consists of; a script that begins with another one is a single module,
/// written without its `module`.
const DIRECTIVES: [&str; 6] = ["module", "register", "invoke", "get", "thread", "wait"];

/// The number of directives in `text`: its outermost parentheses, or 1 if it is the inside of a
/// module.
///
/// What was run is compared with this number, so it must not come from the parser that the runner
/// uses. Text that is not made of tokens and parentheses has no directives.
pub fn directives(text: &str) -> usize {
    let mut lexer = Lexer::new(text);
    lexer.allow_confusing_unicode(true);
    let tokens: Option<Vec<Token>> = lexer.iter(0).map(Result::ok).collect();
    let mut tokens = tokens.unwrap_or_default();
    tokens.retain(|token| {
        !matches!(token.kind, TokenKind::Whitespace | TokenKind::LineComment | TokenKind::BlockComment)
    });

    let mut depth = 0usize;
    let mut forms = 0;
    for (at, token) in tokens.iter().enumerate() {
        match token.kind {
            TokenKind::LParen => {
                let next = tokens.get(at + 1);
                let annotation = next.is_some_and(|next| matches!(next.kind, TokenKind::Annotation));
                if depth == 0 && !annotation {
                    if forms == 0 && !next.is_some_and(|next| is_directive(next.src(text))) {
                        return 1;
                    }
                    forms += 1;
                }
                depth += 1;
            }
            TokenKind::RParen => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    forms
}

fn is_directive(word: &str) -> bool {
    DIRECTIVES.contains(&word) || word.starts_with("assert_")
}

#[cfg(test)]
mod tests {
    use super::directives;

    #[test]
    fn counts_outermost_parentheses() {
        assert_eq!(directives(""), 0);
        assert_eq!(directives("(module) ;; (module)\n(; (module) ;) (invoke \"(\")"), 2);
        assert_eq!(directives("(module (func) (memory 1)) (assert_trap (invoke \"f\") \"x\")(module)"), 3);
    }

    #[test]
    fn annotations_are_no_directives() {
        assert_eq!(directives("(@a (b)) (module (@c)) (@d)"), 1);
    }

    #[test]
    fn the_inside_of_a_module_is_one() {
        assert_eq!(directives("(func) (func)"), 1);
    }
}
