//! Bar charts as SVG: one quantity, a bar for each row, the engine or tier named beside it. Their colours suit
//! a light and a dark page.

use crate::figures::show;
use std::fmt::Write;

/// A bar.
#[derive(Debug)]
pub struct Bar {
    /// Whose it is.
    pub label: String,
    /// How long it is, or why there is no figure.
    pub value: Result<f64, &'static str>,
    /// The least and the most of what it is a median or mean of.
    pub spread: Option<(f64, f64)>,
}

/// Bars with a heading of their own.
#[derive(Debug)]
pub struct Group {
    pub title: String,
    pub bars: Vec<Bar>,
}

/// A chart.
#[derive(Debug)]
pub struct Chart {
    pub title: String,
    /// What the bars are of, and which direction is good.
    pub note: String,
    pub groups: Vec<Group>,
    /// A line at this value, such as what others are relative to.
    pub line: Option<f64>,
    /// Where longer bars are cut, so that one of them leaves the others their length.
    pub cut: Option<f64>,
}

const LEFT: f64 = 190.0;
const WIDTH: f64 = 760.0;
const PLOT: f64 = 430.0;
const ROW: f64 = 22.0;

const STYLE: &str = "\
text { font: 13px system-ui, 'DejaVu Sans', sans-serif; fill: #24292f }
.title { font-size: 16px; font-weight: 600 } .note, .value { fill: #57606a } .group { font-weight: 600 }
.back { fill: #ffffff } .brisk { fill: #d9480f } .peer { fill: #8c9bab } .spread { stroke: #24292f; opacity: .55 }
.line { stroke: #24292f; stroke-dasharray: 3 3; opacity: .6 } .cut { stroke: #ffffff; stroke-width: 2; fill: none }
@media (prefers-color-scheme: dark) {
text { fill: #e6edf3 } .note, .value { fill: #9198a1 } .back { fill: #0d1117 } .brisk { fill: #ff8142 }
.peer { fill: #66788a } .spread, .line { stroke: #e6edf3 } .cut { stroke: #0d1117 } }
";

/// The chart as SVG.
pub fn svg(chart: &Chart) -> String {
    let rows: usize = chart.groups.iter().map(|group| group.bars.len()).sum();
    let headed = chart.groups.iter().filter(|group| !group.title.is_empty()).count();
    let height = 74.0 + ROW * rows as f64 + 30.0 * headed as f64;
    // Programs differ by orders of magnitude: each has a scale of its own, unless a line goes through all.
    let most_of = |bars: &mut dyn Iterator<Item = &Bar>| {
        bars.filter_map(|bar| bar.value.ok())
            .chain(chart.line)
            .fold(0.0, f64::max)
            .min(chart.cut.unwrap_or(f64::MAX))
            .max(f64::MIN_POSITIVE)
    };
    let most = most_of(&mut chart.groups.iter().flat_map(|group| &group.bars));
    let longest = if chart.cut.is_some() { 1.0 } else { 1.12 };
    let scale = |value: f64, most: f64| LEFT + (value / most).min(longest) * PLOT;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" width=\"{WIDTH}\" \
         height=\"{height}\" role=\"img\" aria-label=\"{}\">\n<style>{STYLE}</style>\n\
         <rect class=\"back\" width=\"100%\" height=\"100%\" rx=\"6\"/>\n\
         <text class=\"title\" x=\"16\" y=\"26\">{}</text>\n<text class=\"note\" x=\"16\" y=\"46\">{}</text>\n",
        text(&chart.title),
        text(&chart.title),
        text(&chart.note),
    );
    let mut y = 60.0;
    // Behind all the rest.
    if let Some(line) = chart.line {
        let _ = writeln!(svg, "<path class=\"line\" d=\"M{:.1} {y}V{}\"/>", scale(line, most), height - 8.0);
    }
    for group in &chart.groups {
        let most = if chart.line.is_some() { most } else { most_of(&mut group.bars.iter()) };
        let x = |value: f64| scale(value, most);
        if !group.title.is_empty() {
            let _ = writeln!(
                svg,
                "<text class=\"group\" x=\"16\" y=\"{}\">{}</text>",
                y + 20.0,
                text(&group.title)
            );
            y += 30.0;
        }
        for bar in &group.bars {
            let middle = y + 15.0;
            let _ = writeln!(
                svg,
                "<text x=\"{}\" y=\"{middle}\" text-anchor=\"end\">{}</text>",
                LEFT - 8.0,
                text(&bar.label)
            );
            let value = match bar.value {
                Ok(value) => value,
                Err(why) => {
                    let _ = writeln!(svg, "<text class=\"value\" x=\"{LEFT}\" y=\"{middle}\">{why}</text>");
                    y += ROW;
                    continue;
                }
            };
            let class = if bar.label.starts_with("brisk") { "brisk" } else { "peer" };
            let end = x(value);
            let _ = writeln!(
                svg,
                "<rect class=\"{class}\" x=\"{LEFT}\" y=\"{}\" width=\"{:.1}\" height=\"16\" rx=\"2\"/>",
                y + 3.0,
                (end - LEFT).max(1.0)
            );
            if chart.cut.is_some_and(|cut| value > cut) {
                let _ = writeln!(
                    svg,
                    "<path class=\"cut\" d=\"M{:.1} {}l-5 20m-5 0l5 -20\"/>",
                    end - 8.0,
                    y + 1.0
                );
            }
            let mut after = end;
            if let Some((least, most)) = bar.spread {
                let (from, to) = (x(least), x(most));
                let _ = writeln!(
                    svg,
                    "<path class=\"spread\" d=\"M{from:.1} {0}H{to:.1}M{from:.1} {1}v6M{to:.1} {1}v6\"/>",
                    y + 11.0,
                    y + 8.0
                );
                after = after.max(to);
            }
            let _ = writeln!(
                svg,
                "<text class=\"value\" x=\"{:.1}\" y=\"{middle}\">{}</text>",
                after + 7.0,
                show(value)
            );
            y += ROW;
        }
    }
    svg.push_str("</svg>\n");
    svg
}

fn text(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_are_as_long_as_their_values() {
        let bar = |label: &str, value| Bar { label: label.to_owned(), value, spread: None };
        let bars = vec![bar("brisk-jit", Ok(1.0)), bar("a<b", Ok(2.0)), bar("none", Err("did not run"))];
        let groups = vec![Group { title: String::new(), bars }];
        let chart = Chart { title: "t".to_owned(), note: "n".to_owned(), groups, line: None, cut: None };
        let svg = svg(&chart);
        assert!(svg.contains(r#"<rect class="brisk" x="190" y="63" width="215.0""#), "{svg}");
        assert!(svg.contains(r#"<rect class="peer" x="190" y="85" width="430.0""#), "{svg}");
        assert!(svg.contains("a&lt;b") && svg.contains("did not run"));
    }

    #[test]
    fn long_bars_are_cut_and_leave_the_others_their_length() {
        let bar = |value| Bar { label: "x".to_owned(), value: Ok(value), spread: None };
        let groups = vec![Group { title: String::new(), bars: vec![bar(1.0), bar(20.0)] }];
        let chart =
            Chart { title: String::new(), note: String::new(), groups, line: Some(1.0), cut: Some(2.0) };
        let svg = svg(&chart);
        assert!(svg.contains(r#"width="215.0""#) && svg.contains(r#"width="430.0""#), "{svg}");
        assert_eq!(svg.matches("class=\"cut\"").count(), 1, "{svg}");
        assert!(svg.contains(">20.0<"), "{svg}");
    }
}
