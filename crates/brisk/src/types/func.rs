//! Function types, and what is made of them: tags and exceptions.

use super::{Finality, ValType};
use crate::registry::RegisteredType;
use crate::{Engine, Result, ensure};
use brisk_module::{SubType, TypeIndex};
use std::fmt;
use std::hash::{Hash, Hasher};

/// A function type: parameters and results, and its place among sub- and supertypes.
///
/// A type belongs to an engine. Types are equal ([`FuncType::eq`]) if they have the same parameters,
/// results, finality and supertype; beyond that, one [matches](FuncType::matches) another only if it
/// was declared as its subtype, as in modules. `PartialEq` is left out because either could be meant.
///
/// ```
/// use brisk::{Engine, FuncType, ValType};
///
/// let engine = Engine::default();
/// let ty = FuncType::new(&engine, [ValType::I32, ValType::I64], [ValType::F64]);
/// assert_eq!(ty.to_string(), "(func (param i32 i64) (result f64))");
/// assert_eq!(ty.params().len(), 2);
/// assert!(ty.result(0).unwrap().is_f64());
/// ```
#[derive(Clone)]
pub struct FuncType(RegisteredType);

impl FuncType {
    /// A function type that is final and has no supertype, as a plain `(func ...)` in a module.
    ///
    /// # Panics
    ///
    /// If a type is of another engine.
    pub fn new(
        engine: &Engine,
        params: impl IntoIterator<Item = ValType>,
        results: impl IntoIterator<Item = ValType>,
    ) -> FuncType {
        let (params, results): (Vec<ValType>, Vec<ValType>) =
            (params.into_iter().collect(), results.into_iter().collect());
        FuncType::register(engine, true, None, &params, &results)
    }

    /// A function type with a finality and a supertype.
    ///
    /// ```
    /// use brisk::{Engine, Finality, FuncType, RefType};
    ///
    /// let engine = Engine::default();
    /// let base =
    ///     FuncType::with_finality_and_supertype(&engine, Finality::NonFinal, None, [], [RefType::FUNCREF.into()])?;
    /// let sub = FuncType::with_finality_and_supertype(
    ///     &engine, Finality::Final, Some(&base), [], [RefType::NULLFUNCREF.into()],
    /// )?;
    /// assert!(sub.matches(&base) && !base.matches(&sub));
    /// # brisk::Result::<()>::Ok(())
    /// ```
    ///
    /// # Errors
    ///
    /// Fails if the supertype is final, or if parameters or results do not match its own.
    ///
    /// # Panics
    ///
    /// If a type is of another engine.
    pub fn with_finality_and_supertype(
        engine: &Engine,
        finality: Finality,
        supertype: Option<&FuncType>,
        params: impl IntoIterator<Item = ValType>,
        results: impl IntoIterator<Item = ValType>,
    ) -> Result<FuncType> {
        let (params, results): (Vec<ValType>, Vec<ValType>) =
            (params.into_iter().collect(), results.into_iter().collect());
        if let Some(supertype) = supertype {
            assert!(supertype.comes_from(engine), "the supertype is of another engine");
            ensure!(supertype.finality().is_non_final(), "the supertype `{supertype}` is final");
            let fits = params.len() == supertype.params().len()
                && results.len() == supertype.results().len()
                && supertype.params().zip(&params).all(|(above, own)| above.matches(own))
                && supertype.results().zip(&results).all(|(above, own)| own.matches(&above));
            ensure!(fits, "parameters or results do not match those of the supertype `{supertype}`");
        }
        Ok(FuncType::register(engine, finality.is_final(), supertype, &params, &results))
    }

    fn register(
        engine: &Engine,
        is_final: bool,
        supertype: Option<&FuncType>,
        params: &[ValType],
        results: &[ValType],
    ) -> FuncType {
        let own = params.iter().chain(results).all(|ty| ty.comes_from(engine));
        assert!(own, "a type of a parameter or result is of another engine");
        let canonical = |types: &[ValType]| types.iter().map(ValType::canonical).collect::<Box<[_]>>();
        let func = brisk_module::FuncType::new(canonical(params), canonical(results));
        let supertype = supertype.map(|supertype| TypeIndex(supertype.id()));
        FuncType(RegisteredType::new(engine, SubType { is_final, supertype, func }))
    }

    /// The type with the given canonical id, which is alive.
    pub(crate) fn from_id(engine: &Engine, id: u32) -> FuncType {
        FuncType(RegisteredType::from_id(engine, id))
    }

    /// The canonical id, valid as long as this type is.
    pub(crate) fn id(&self) -> u32 {
        self.0.id()
    }

    /// Slots that parameters or results take, whichever is more.
    pub(crate) fn arg_slots(&self) -> u32 {
        self.0.param_slots().max(self.0.result_slots())
    }

    /// Parameters with canonical ids.
    pub(crate) fn canonical_params(&self) -> impl ExactSizeIterator<Item = brisk_module::ValType> + '_ {
        self.0.params()
    }

    /// Results with canonical ids.
    pub(crate) fn canonical_results(&self) -> impl ExactSizeIterator<Item = brisk_module::ValType> + '_ {
        self.0.results()
    }

    pub(crate) fn comes_from(&self, engine: &Engine) -> bool {
        Engine::same(self.engine(), engine)
    }

    /// The engine that the type belongs to.
    pub fn engine(&self) -> &Engine {
        self.0.engine()
    }

    /// Whether the type may have subtypes.
    pub fn finality(&self) -> Finality {
        if self.0.is_final() { Finality::Final } else { Finality::NonFinal }
    }

    /// The supertype, if one was declared.
    pub fn supertype(&self) -> Option<FuncType> {
        self.0.supertype().map(|id| FuncType::from_id(self.engine(), id))
    }

    /// The type of one parameter.
    pub fn param(&self, index: usize) -> Option<ValType> {
        self.params().nth(index)
    }

    /// The types of the parameters.
    pub fn params(&self) -> impl ExactSizeIterator<Item = ValType> + '_ {
        self.0.params().map(|ty| ValType::from_canonical(self.engine(), ty))
    }

    /// The type of one result.
    pub fn result(&self, index: usize) -> Option<ValType> {
        self.results().nth(index)
    }

    /// The types of the results.
    pub fn results(&self) -> impl ExactSizeIterator<Item = ValType> + '_ {
        self.0.results().map(|ty| ValType::from_canonical(self.engine(), ty))
    }

    /// Whether this type is the other one or a declared subtype of it.
    ///
    /// # Panics
    ///
    /// If the types are of different engines.
    pub fn matches(&self, other: &FuncType) -> bool {
        assert!(self.comes_from(other.engine()), "the types are of different engines");
        self.engine().is_subtype(self.id(), other.id())
    }

    /// Whether the types are the same.
    ///
    /// # Panics
    ///
    /// If the types are of different engines.
    #[expect(clippy::should_implement_trait, reason = "the name that embedders know")]
    pub fn eq(a: &FuncType, b: &FuncType) -> bool {
        assert!(a.comes_from(b.engine()), "the types are of different engines");
        a.id() == b.id()
    }

    /// Writes the type without naming the types inside it, which may be this one again.
    pub(super) fn fmt_shallow(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.fmt_with(f, |ty, f| match ty {
            ValType::Ref(ty) => ty.fmt_shallow(f),
            ty => write!(f, "{ty}"),
        })
    }

    fn fmt_with(
        &self,
        f: &mut fmt::Formatter<'_>,
        val: impl Fn(&ValType, &mut fmt::Formatter<'_>) -> fmt::Result,
    ) -> fmt::Result {
        f.write_str("(func")?;
        if self.params().len() > 0 {
            f.write_str(" (param")?;
            for ty in self.params() {
                f.write_str(" ")?;
                val(&ty, f)?;
            }
            f.write_str(")")?;
        }
        if self.results().len() > 0 {
            f.write_str(" (result")?;
            for ty in self.results() {
                f.write_str(" ")?;
                val(&ty, f)?;
            }
            f.write_str(")")?;
        }
        f.write_str(")")
    }
}

impl fmt::Display for FuncType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.fmt_with(f, |ty, f| write!(f, "{ty}"))
    }
}

impl fmt::Debug for FuncType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "FuncType({self})")
    }
}

impl Hash for FuncType {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.id().hash(state);
    }
}

/// Type of an exception tag: the parameters of a function type are what an exception carries.
///
/// ```
/// use brisk::{Engine, FuncType, TagType, ValType};
///
/// let engine = Engine::default();
/// let tag = TagType::new(FuncType::new(&engine, [ValType::I32], []));
/// assert_eq!(tag.ty().params().len(), 1);
/// ```
#[derive(Clone, Debug, Hash)]
pub struct TagType {
    ty: FuncType,
}

impl TagType {
    /// The type of a tag with the parameters of a function type.
    pub fn new(ty: FuncType) -> TagType {
        TagType { ty }
    }

    /// The function type.
    pub fn ty(&self) -> &FuncType {
        &self.ty
    }
}

impl fmt::Display for TagType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(tag")?;
        for ty in self.ty.params() {
            write!(f, " (param {ty})")?;
        }
        f.write_str(")")
    }
}

/// Type of an exception: the type of its tag.
///
/// ```
/// use brisk::{Engine, ExnType, ValType};
///
/// let engine = Engine::default();
/// let ty = ExnType::new(&engine, [ValType::I32, ValType::F64])?;
/// assert_eq!(ty.fields().len(), 2);
/// assert_eq!(ty.tag_type().ty().results().len(), 0);
/// # brisk::Result::<()>::Ok(())
/// ```
#[derive(Clone, Debug, Hash)]
pub struct ExnType {
    ty: FuncType,
}

impl ExnType {
    /// The type of exceptions that carry values of the given types.
    ///
    /// # Errors
    ///
    /// None so far.
    ///
    /// # Panics
    ///
    /// If a type is of another engine.
    pub fn new(engine: &Engine, fields: impl IntoIterator<Item = ValType>) -> Result<ExnType> {
        Ok(ExnType { ty: FuncType::new(engine, fields, []) })
    }

    /// The type of exceptions with a tag of the given type.
    ///
    /// # Errors
    ///
    /// Fails if the tag's function type has results.
    pub fn from_tag_type(tag: &TagType) -> Result<ExnType> {
        ensure!(tag.ty().results().len() == 0, "a tag's function type cannot have results");
        Ok(ExnType { ty: tag.ty().clone() })
    }

    /// The type of the tag.
    pub fn tag_type(&self) -> TagType {
        TagType::new(self.ty.clone())
    }

    /// The type of one value.
    pub fn field(&self, index: usize) -> Option<ValType> {
        self.ty.param(index)
    }

    /// The types of the values.
    pub fn fields(&self) -> impl ExactSizeIterator<Item = ValType> + '_ {
        self.ty.params()
    }

    /// The engine that the type belongs to.
    pub fn engine(&self) -> &Engine {
        self.ty.engine()
    }

    /// Whether the types are the same; exceptions have no subtypes.
    ///
    /// # Panics
    ///
    /// If the types are of different engines.
    pub fn matches(&self, other: &ExnType) -> bool {
        FuncType::eq(&self.ty, &other.ty)
    }
}
