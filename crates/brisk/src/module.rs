//! Modules: decoded, validated, ready to be instantiated.

use crate::config::Tier;
use crate::interp::CodeMap;
use crate::interp::code::FuncState;
use crate::registry::ModuleTypes;
use crate::types::canonical::{self, Definition};
use crate::vm::native::NativeCode;
use crate::{Context, Engine, Error, ExportType, ExternType, FuncType, ImportType, Result, ensure};
use brisk_module::limits::MAX_MODULE_SIZE;
use brisk_module::module::{Export, ExternKind, FuncBody};
use std::borrow::Cow;
use std::fmt;
use std::fs::File;
use std::io::Read;
use std::ops::Range;
use std::path::Path;
use std::sync::{Arc, Once, OnceLock};

/// A WebAssembly module: decoded and validated, ready to be instantiated any number of times.
///
/// A module is a handle; clones are the same module. It can be used from any thread. Nothing of it
/// is translated before it runs: each function is when it is first called.
///
/// ```
/// use brisk::{Engine, Module};
///
/// let engine = Engine::default();
/// let module = Module::new(&engine, r#"(module $adder
///     (func (export "add") (param i32 i32) (result i32)
///         (i32.add (local.get 0) (local.get 1))))"#)?;
/// assert_eq!(module.name(), Some("adder"));
/// assert_eq!(module.get_export("add").unwrap().to_string(), "(func (param i32 i32) (result i32))");
///
/// let error = Module::new(&engine, "(module (func (result i32)))").unwrap_err();
/// assert!(format!("{error:#}").contains("type mismatch"));
/// # brisk::Result::<()>::Ok(())
/// ```
#[derive(Clone)]
pub struct Module(Arc<ModuleInner>);

struct ModuleInner {
    engine: Engine,
    info: brisk_module::Module,
    types: ModuleTypes,
    /// Register code of the functions that have been called.
    code: CodeMap,
    image: Image,
    /// For instances whose memories are not as the machine code of `image` needs them.
    fallback: OnceLock<Image>,
    /// Indices of exports in the order of their names, made when first needed.
    exports_by_name: OnceLock<Box<[u32]>>,
}

/// What instances of a module share when they run.
struct Image {
    /// State of each defined function.
    funcs: Box<[FuncState]>,
    /// Machine code of the functions that have any.
    native: NativeCode,
    /// Whether everything has been compiled.
    compiled: Once,
}

impl Module {
    /// A module from its bytes, in the binary or, with the feature `wat`, the text format.
    ///
    /// # Errors
    ///
    /// Fails if the module is malformed or invalid, uses a proposal that is not supported or
    /// switched off, or goes beyond an implementation limit. The error says what and where: byte
    /// offset and function, or line and column.
    pub fn new(engine: &Engine, bytes: impl AsRef<[u8]>) -> Result<Module> {
        Module::decode(engine, binary(bytes.as_ref(), None)?.into_owned())
    }

    /// A module from its bytes in the binary format.
    ///
    /// # Errors
    ///
    /// As for [`Module::new`].
    pub fn from_binary(engine: &Engine, binary: &[u8]) -> Result<Module> {
        Module::decode(engine, binary.to_vec())
    }

    /// A module from a file in the binary or, with the feature `wat`, the text format. The file is
    /// read, not mapped, so it may change afterwards.
    ///
    /// # Errors
    ///
    /// Fails if the file cannot be read, and as [`Module::new`] does.
    pub fn from_file(engine: &Engine, file: impl AsRef<Path>) -> Result<Module> {
        let path = file.as_ref();
        let bytes = read(path).with_context(|| format!("failed to read `{}`", path.display()))?;
        let module = match binary(&bytes, Some(path))? {
            Cow::Owned(binary) => Module::decode(engine, binary),
            Cow::Borrowed(_) => Module::decode(engine, bytes),
        };
        module.with_context(|| format!("failed to load `{}`", path.display()))
    }

    fn decode(engine: &Engine, bytes: Vec<u8>) -> Result<Module> {
        let info = brisk_module::Module::decode(bytes, engine.decode_options())?;
        let types = ModuleTypes::new(engine, &info);
        let image = Image::new(engine, &info);
        let module = Module(Arc::new(ModuleInner {
            engine: engine.clone(),
            info,
            types,
            code: CodeMap::default(),
            image,
            fallback: OnceLock::new(),
            exports_by_name: OnceLock::new(),
        }));
        if engine.tunables().tier == Tier::Jit {
            module.compile_now(Style::Primary);
        }
        Ok(module)
    }

    /// Checks a module in the binary format without keeping it.
    ///
    /// ```
    /// use brisk::{Engine, Module};
    ///
    /// assert!(Module::validate(&Engine::default(), b"\0asm\x01\0\0\0").is_ok());
    /// ```
    ///
    /// # Errors
    ///
    /// As for [`Module::new`].
    pub fn validate(engine: &Engine, binary: &[u8]) -> Result<()> {
        brisk_module::Module::decode(binary, engine.decode_options())?;
        Ok(())
    }

    /// The engine that the module belongs to.
    pub fn engine(&self) -> &Engine {
        &self.0.engine
    }

    /// The name that the module gives itself in its name section.
    pub fn name(&self) -> Option<&str> {
        self.0.info.names().module_name()
    }

    /// Whether two handles are of the same module.
    pub fn same(a: &Module, b: &Module) -> bool {
        Arc::ptr_eq(&a.0, &b.0)
    }

    /// The imports, in order.
    pub fn imports(&self) -> impl ExactSizeIterator<Item = ImportType<'_>> + '_ {
        self.0.info.imports.iter().map(|import| ImportType {
            module: &import.module,
            name: &import.name,
            ty: canonical::import(&self.0.types, &import.ty).to_public(self.engine()),
        })
    }

    /// The exports, in order.
    pub fn exports(&self) -> impl ExactSizeIterator<Item = ExportType<'_>> + '_ {
        self.0
            .info
            .exports
            .iter()
            .map(|export| ExportType { name: &export.name, ty: self.export_type(export) })
    }

    /// The type of the export with a name.
    pub fn get_export(&self, name: &str) -> Option<ExternType> {
        self.find_export(name).map(|(_, export)| self.export_type(export))
    }

    /// Where the export with a name is, to find it in an instance without looking for its name again.
    pub fn get_export_index(&self, name: &str) -> Option<ModuleExport> {
        let (index, _) = self.find_export(name)?;
        Some(ModuleExport { module: self.clone(), index })
    }

    /// The defined types that are function types, in order of their type indices.
    pub fn types(&self) -> impl ExactSizeIterator<Item = FuncType> + '_ {
        self.0.types.ids().iter().map(|id| FuncType::from_id(self.engine(), *id))
    }

    /// The interpreter's code of a function that the module defines, as text: a line per instruction with its
    /// offset, name and operands. For people; the form changes from release to release. `None` if the module
    /// defines no function of this index.
    ///
    /// ```
    /// use brisk::{Engine, Module};
    ///
    /// let module = Module::new(&Engine::default(), "(module (func (param i32) (result i32) local.get 0))")?;
    /// assert!(module.register_code(0).unwrap().contains("ret_s"));
    /// assert!(module.register_code(1).is_none());
    /// # brisk::Result::<()>::Ok(())
    /// ```
    pub fn register_code(&self, function: u32) -> Option<String> {
        self.info().body(function).map(|_| crate::interp::listing(self, function))
    }

    /// The functions that the module defines, in order.
    pub fn functions(&self) -> impl ExactSizeIterator<Item = ModuleFunction<'_>> + '_ {
        let info = &self.0.info;
        info.bodies.iter().enumerate().map(|(body, FuncBody { range, .. })| ModuleFunction {
            module: self,
            index: info.imported_funcs + body as u32,
            range: range.clone(),
        })
    }

    /// The custom sections, in order.
    ///
    /// ```
    /// use brisk::{Engine, Module};
    ///
    /// let module = Module::new(&Engine::default(), r#"(module (@custom "producers" "\00"))"#)?;
    /// let section = module.custom_sections().next().unwrap();
    /// assert_eq!((section.name(), section.data()), ("producers", &[0][..]));
    /// # brisk::Result::<()>::Ok(())
    /// ```
    pub fn custom_sections(&self) -> impl ExactSizeIterator<Item = CustomSection<'_>> + '_ {
        let info = &self.0.info;
        info.custom_sections
            .iter()
            .map(|section| CustomSection { name: &section.name, data: &info.bytes()[section.range.clone()] })
    }

    /// The proposals beyond WebAssembly 1.0 that the module uses, by their usual names.
    ///
    /// ```
    /// use brisk::{Engine, Module};
    ///
    /// let module = Module::new(&Engine::default(), "(module (memory i64 1) (type (func (param v128))))")?;
    /// assert_eq!(module.features_used(), ["simd", "memory64"]);
    /// # brisk::Result::<()>::Ok(())
    /// ```
    pub fn features_used(&self) -> &[&'static str] {
        &self.0.info.features_used
    }

    /// The bytes of the module in the binary format.
    pub fn bytes(&self) -> &[u8] {
        self.0.info.bytes()
    }

    /// What instances of the module need at least.
    ///
    /// ```
    /// use brisk::{Engine, Module};
    ///
    /// let module = Module::new(&Engine::default(), "(module (memory 3) (memory 5) (table 7 funcref))")?;
    /// let required = module.resources_required();
    /// assert_eq!((required.num_memories, required.max_initial_memory_size), (2, Some(5 << 16)));
    /// assert_eq!((required.num_tables, required.max_initial_table_size), (1, Some(7)));
    /// # brisk::Result::<()>::Ok(())
    /// ```
    pub fn resources_required(&self) -> ResourcesRequired {
        let info = &self.0.info;
        let bytes = |ty: &brisk_module::MemoryType| ty.limits.min.saturating_mul(1 << ty.page_size_log2);
        ResourcesRequired {
            num_memories: info.memories.len() as u32,
            max_initial_memory_size: info.memories.iter().map(bytes).max(),
            num_tables: info.tables.len() as u32,
            max_initial_table_size: info.tables.iter().map(|ty| ty.limits.min).max(),
        }
    }

    fn export_type(&self, export: &Export) -> ExternType {
        let ModuleInner { engine, info, types, .. } = &*self.0;
        let index = export.index as usize;
        let definition = match export.kind {
            ExternKind::Func => Definition::Func(types.id(info.funcs[index])),
            ExternKind::Table => {
                Definition::Table(types.table(info.tables[index]), info.tables[index].limits.min)
            }
            ExternKind::Memory => Definition::Memory(info.memories[index], info.memories[index].limits.min),
            ExternKind::Global => Definition::Global(types.global(info.globals[index])),
            ExternKind::Tag => Definition::Tag(types.id(info.tags[index])),
        };
        definition.to_public(engine)
    }

    /// The export with a name, and its index among the exports.
    pub(crate) fn find_export(&self, name: &str) -> Option<(u32, &Export)> {
        const FEW: usize = 8;
        let exports = &self.0.info.exports;
        let index = match exports.len() {
            ..=FEW => exports.iter().position(|export| &*export.name == name)?,
            _ => {
                let by_name = self.0.exports_by_name.get_or_init(|| {
                    let mut indices: Box<[u32]> = (0..exports.len() as u32).collect();
                    indices.sort_unstable_by_key(|index| &exports[*index as usize].name);
                    indices
                });
                let at = by_name.binary_search_by_key(&name, |index| &exports[*index as usize].name).ok()?;
                by_name[at] as usize
            }
        };
        Some((index as u32, &exports[index]))
    }

    /// What was decoded of the module.
    pub(crate) fn info(&self) -> &brisk_module::Module {
        &self.0.info
    }

    /// The module's types as the engine knows them.
    pub(crate) fn module_types(&self) -> &ModuleTypes {
        &self.0.types
    }

    /// Canonical type ids, by type index.
    pub(crate) fn type_ids(&self) -> &[u32] {
        self.0.types.ids()
    }

    /// States of the defined functions; at one address as long as the module lives.
    pub(crate) fn funcs(&self) -> &[FuncState] {
        &self.0.image.funcs
    }

    /// The states for instances of a style.
    pub(crate) fn funcs_of(&self, style: Style) -> &[FuncState] {
        &self.image(style).funcs
    }

    fn image(&self, style: Style) -> &Image {
        match style {
            Style::Primary => &self.0.image,
            Style::Fallback => self.0.fallback.get_or_init(|| Image::new(&self.0.engine, &self.0.info)),
        }
    }

    /// Whether machine code of the primary style leaves bounds checks to the hardware: then all memories of its instances
    /// must be guarded.
    pub(crate) fn wants_guarded(&self) -> bool {
        self.0.engine.tunables().guarded_memories
            && self.0.info.memories.iter().all(|memory| !memory.memory64 && memory.page_size_log2 == 16)
    }

    /// Compiles all functions for instances of a style, unless that was done.
    pub(crate) fn compile_now(&self, style: Style) {
        self.image(style).compiled.call_once(|| crate::tier::compile_all(self, style));
    }

    /// A handle that does not keep the module alive.
    pub(crate) fn weak(&self) -> WeakModule {
        WeakModule(Arc::downgrade(&self.0))
    }

    /// Register code of the functions that have been called.
    pub(crate) fn code(&self) -> &CodeMap {
        &self.0.code
    }

    /// Machine code of the functions that have any.
    #[cfg_attr(not(brisk_machine_code), allow(dead_code))]
    pub(crate) fn native(&self) -> &NativeCode {
        &self.0.image.native
    }

    /// Machine code for instances of a style.
    pub(crate) fn native_of(&self, style: Style) -> &NativeCode {
        &self.image(style).native
    }

    /// Machine code there is, of each style.
    pub(crate) fn natives(&self) -> impl Iterator<Item = &NativeCode> {
        std::iter::once(&self.0.image).chain(self.0.fallback.get()).map(|image| &image.native)
    }
}

impl Image {
    fn new(engine: &Engine, info: &brisk_module::Module) -> Image {
        let heat = i32::try_from(engine.tunables().tier_threshold).unwrap_or(i32::MAX);
        let funcs = (info.imported_funcs..info.funcs.len() as u32).map(|index| FuncState::new(index, heat));
        Image { funcs: funcs.collect(), native: NativeCode::default(), compiled: Once::new() }
    }
}

/// Which instances machine code is for.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) enum Style {
    /// Those whose memories are what the module's types and the configuration allow for.
    Primary,
    /// Those that have a memory that should be guarded and is not: all accesses are checked.
    Fallback,
}

/// A module that is not kept alive.
pub(crate) struct WeakModule(std::sync::Weak<ModuleInner>);

impl WeakModule {
    /// The module, if somebody else has kept it.
    pub fn upgrade(&self) -> Option<Module> {
        self.0.upgrade().map(Module)
    }

    /// Whether both are of the same module.
    pub fn is(&self, other: &WeakModule) -> bool {
        self.0.ptr_eq(&other.0)
    }
}

impl fmt::Debug for Module {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Module").field("name", &self.name()).finish_non_exhaustive()
    }
}

/// The bytes of a file, which may be one that has no end.
fn read(path: &Path) -> Result<Vec<u8>> {
    let file = File::open(path)?;
    let most = MAX_MODULE_SIZE as u64;
    let size = file.metadata().map_or(0, |metadata| metadata.len());
    let mut bytes = Vec::new();
    if size <= most {
        bytes.try_reserve_exact(size as usize).context("too large for memory")?;
        file.take(most + 1).read_to_end(&mut bytes)?;
    }
    ensure!(size.max(bytes.len() as u64) <= most, "a module has {most} bytes at most");
    Ok(bytes)
}

/// The module in the binary format, translated if it comes in the text format.
#[cfg(feature = "wat")]
fn binary<'a>(bytes: &'a [u8], path: Option<&Path>) -> Result<Cow<'a, [u8]>> {
    // No text begins with a zero byte; and what has no bytes at all is more likely a file that was
    // cut off than the text of a module without fields.
    if bytes.first().is_none_or(|byte| *byte == 0) {
        return Ok(Cow::Borrowed(bytes));
    }
    wat::parse_bytes(bytes).map_err(|mut error| {
        if let Some(path) = path {
            error.set_path(path);
        }
        Error::new(error)
    })
}

/// The module in the binary format, which is all there is without the feature `wat`.
#[cfg(not(feature = "wat"))]
fn binary<'a>(bytes: &'a [u8], _path: Option<&Path>) -> Result<Cow<'a, [u8]>> {
    Ok(Cow::Borrowed(bytes))
}

/// Where an export of a module is, see [`Module::get_export_index`].
///
/// ```
/// use brisk::{Engine, Instance, Module, Store};
///
/// let engine = Engine::default();
/// let module = Module::new(&engine, r#"(module (func (export "f")))"#)?;
/// let export = module.get_export_index("f").unwrap();
/// for _ in 0..3 {
///     let mut store = Store::new(&engine, ());
///     let instance = Instance::new(&mut store, &module, &[])?;
///     assert!(instance.get_module_export(&mut store, &export).unwrap().into_func().is_some());
/// }
/// # brisk::Result::<()>::Ok(())
/// ```
#[derive(Clone, Debug)]
pub struct ModuleExport {
    module: Module,
    index: u32,
}

impl ModuleExport {
    /// The export, if it is of the given module.
    pub(crate) fn of<'a>(&self, module: &'a Module) -> Option<&'a Export> {
        Module::same(&self.module, module).then(|| &module.info().exports[self.index as usize])
    }
}

/// A function that a module defines, see [`Module::functions`].
///
/// ```
/// use brisk::{Engine, Module};
///
/// let module = Module::new(&Engine::default(), "(module (func $f (param i32)))")?;
/// let func = module.functions().next().unwrap();
/// assert_eq!((func.index(), func.name()), (0, Some("f")));
/// assert_eq!(module.bytes()[func.range()], [0, 0x0b], "no locals, `end`");
/// # brisk::Result::<()>::Ok(())
/// ```
#[derive(Clone, Debug)]
pub struct ModuleFunction<'module> {
    module: &'module Module,
    index: u32,
    range: Range<usize>,
}

impl<'module> ModuleFunction<'module> {
    /// Its index; imported functions count.
    pub fn index(&self) -> u32 {
        self.index
    }

    /// Its name in the name section.
    pub fn name(&self) -> Option<&'module str> {
        self.module.info().names().func_name(self.index)
    }

    /// Its type.
    pub fn ty(&self) -> FuncType {
        let types = self.module.module_types();
        FuncType::from_id(self.module.engine(), types.id(self.module.info().funcs[self.index as usize]))
    }

    /// Where its body is in the [bytes of the module](Module::bytes).
    pub fn range(&self) -> Range<usize> {
        self.range.clone()
    }
}

/// A custom section of a module, see [`Module::custom_sections`].
///
/// ```
/// use brisk::{Engine, Module};
///
/// let module = Module::new(&Engine::default(), r#"(module (@custom "notes" "made by hand"))"#)?;
/// let notes = module.custom_sections().find(|section| section.name() == "notes").unwrap();
/// assert_eq!(notes.data(), b"made by hand");
/// # brisk::Result::<()>::Ok(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct CustomSection<'module> {
    name: &'module str,
    data: &'module [u8],
}

impl<'module> CustomSection<'module> {
    /// Its name.
    pub fn name(&self) -> &'module str {
        self.name
    }

    /// Its bytes without the name.
    pub fn data(&self) -> &'module [u8] {
        self.data
    }
}

/// What instances of a module need at least, see [`Module::resources_required`].
///
/// ```
/// use brisk::{Engine, Module};
///
/// let module = Module::new(&Engine::default(), "(module (memory 2) (memory 1))")?;
/// let needed = module.resources_required();
/// assert_eq!((needed.num_memories, needed.max_initial_memory_size), (2, Some(2 << 16)));
/// assert_eq!((needed.num_tables, needed.max_initial_table_size), (0, None));
/// # brisk::Result::<()>::Ok(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ResourcesRequired {
    /// Number of memories, imported ones included.
    pub num_memories: u32,
    /// Least size of the largest memory in bytes.
    pub max_initial_memory_size: Option<u64>,
    /// Number of tables, imported ones included.
    pub num_tables: u32,
    /// Least size of the largest table in elements.
    pub max_initial_table_size: Option<u64>,
}

#[cfg(test)]
mod tests;
