//! From bytes to [`Module`].

use crate::convert::Notes;
use crate::error::{DecodeError, FuncRef};
use crate::features::{DEFAULT_FEATURES, Feature, KNOWN_FEATURES};
use crate::limits;
use crate::module::*;
use crate::names::NameTable;
use crate::types::*;
use crate::validate::Bodies;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::AtomicU8;
use wasmparser::{Encoding, Parser, Payload, Validator, ValidatorResources, WasmFeatures};

/// How a module is decoded.
#[derive(Clone, Debug)]
pub struct DecodeOptions {
    /// Proposals a module may use; those that the decoder does not know have no effect.
    pub features: WasmFeatures,
    /// Most threads that validate function bodies, the calling one included; 0 and 1 mean only the
    /// calling one. [`DecodeOptions::AUTO_THREADS`] leaves it to the machine. The threads have ended
    /// when decoding returns.
    pub parallel_threads: usize,
    /// Bytes of code from which more than one thread is used.
    pub parallel_code_bytes: usize,
}

impl DecodeOptions {
    /// As many validation threads as the machine has processors, up to
    /// [`limits::MAX_VALIDATION_THREADS`].
    pub const AUTO_THREADS: usize = usize::MAX;
}

impl Default for DecodeOptions {
    /// WebAssembly 3.0, wide arithmetic and custom page sizes; threads as the machine has them.
    fn default() -> DecodeOptions {
        DecodeOptions {
            features: DEFAULT_FEATURES,
            parallel_threads: DecodeOptions::AUTO_THREADS,
            parallel_code_bytes: limits::PARALLEL_CODE_BYTES,
        }
    }
}

impl Module {
    /// Decodes and validates a module in the binary format.
    ///
    /// ```
    /// use brisk_module::{DecodeOptions, Module};
    ///
    /// let module = Module::decode(*b"\0asm\x01\0\0\0", &DecodeOptions::default()).unwrap();
    /// assert!(module.exports.is_empty());
    /// let error = Module::decode(*b"\0asm\x01\0\0\0\x01", &DecodeOptions::default()).unwrap_err();
    /// assert_eq!(error.to_string(), "invalid module: unexpected end-of-file (at offset 0x9)");
    /// ```
    ///
    /// # Errors
    ///
    /// [`DecodeError`] says what is wrong and where. A module that is both invalid and in need of
    /// something not supported is reported as invalid.
    pub fn decode(bytes: impl Into<Vec<u8>>, options: &DecodeOptions) -> Result<Module, DecodeError> {
        let bytes = bytes.into().into_boxed_slice();
        if bytes.len() > limits::MAX_MODULE_SIZE {
            let message =
                format!("the module has {} bytes, more than {}", bytes.len(), limits::MAX_MODULE_SIZE);
            return Err(DecodeError::Limit { message, func: None, offset: limits::MAX_MODULE_SIZE });
        }
        let mut decoder = Decoder::new(&bytes, options);
        let parsed = decoder.sections();
        // Bodies come before whatever ended the parsing, so an error in one of them is the first.
        let result = decoder.bodies(options).and(parsed).and_then(|()| match decoder.notes.deferred.take() {
            Some(error) => Err(error),
            None => Ok(()),
        });
        match result {
            Ok(()) => {
                let mut module = decoder.finish();
                module.bytes = Arc::new(bytes);
                Ok(module)
            }
            Err(error) => Err(decoder.with_func_name(error)),
        }
    }
}

struct Decoder<'a> {
    bytes: &'a [u8],
    features: WasmFeatures,
    validator: Validator,
    /// The validator's knowledge of the module, once the code section has begun.
    resources: Option<ValidatorResources>,
    module: Module,
    notes: Notes,
}

fn usize_range(range: Range<u64>) -> Range<usize> {
    range.start as usize..range.end as usize
}

impl<'a> Decoder<'a> {
    fn new(bytes: &'a [u8], options: &DecodeOptions) -> Decoder<'a> {
        let features = options.features.intersection(KNOWN_FEATURES);
        Decoder {
            bytes,
            features,
            validator: Validator::new_with_features(features),
            resources: None,
            module: Module::default(),
            notes: Notes::default(),
        }
    }

    fn sections(&mut self) -> Result<(), DecodeError> {
        let mut parser = Parser::new(0);
        parser.set_features(self.features);
        for payload in parser.parse_all(self.bytes) {
            self.section(payload?)?;
        }
        Ok(())
    }

    fn section(&mut self, payload: Payload<'a>) -> Result<(), DecodeError> {
        use Payload as P;
        match payload {
            P::Version { num, encoding, range } => {
                if encoding == Encoding::Component {
                    let offset = range.start as usize;
                    return Err(DecodeError::unsupported(
                        "component-model",
                        "a component, not a module",
                        offset,
                    ));
                }
                self.validator.version(num, encoding, &range)?;
            }
            P::TypeSection(section) => {
                self.note_section("type", section.range(), Some(section.count()));
                self.validator.type_section(&section)?;
                self.types(section)?;
            }
            P::ImportSection(section) => {
                self.note_section("import", section.range(), Some(section.count()));
                self.validator.import_section(&section)?;
                self.imports(section)?;
            }
            P::FunctionSection(section) => {
                self.note_section("function", section.range(), Some(section.count()));
                self.validator.function_section(&section)?;
                self.module.funcs.reserve_exact(section.count() as usize);
                for ty in section {
                    self.module.funcs.push(TypeIndex(ty?));
                }
            }
            P::TableSection(section) => {
                self.note_section("table", section.range(), Some(section.count()));
                self.validator.table_section(&section)?;
                self.tables(section)?;
            }
            P::MemorySection(section) => {
                self.note_section("memory", section.range(), Some(section.count()));
                self.validator.memory_section(&section)?;
                for memory in section.into_iter_with_offsets() {
                    let (offset, ty) = memory?;
                    let ty = self.notes.memory_type(&ty, offset as usize);
                    self.module.memories.push(ty);
                }
            }
            P::TagSection(section) => {
                self.note_section("tag", section.range(), Some(section.count()));
                self.notes.used.insert(Feature::Exceptions);
                self.validator.tag_section(&section)?;
                for tag in section {
                    self.module.tags.push(TypeIndex(tag?.func_type_idx));
                }
            }
            P::GlobalSection(section) => {
                self.note_section("global", section.range(), Some(section.count()));
                self.validator.global_section(&section)?;
                for global in section {
                    let global = global?;
                    let ty = self.notes.global_type(&global.ty);
                    let init = self.notes.const_expr(&global.init_expr, self.module.imported_globals)?;
                    self.module.globals.push(ty);
                    self.module.global_inits.push(init);
                }
            }
            P::ExportSection(section) => {
                self.note_section("export", section.range(), Some(section.count()));
                self.validator.export_section(&section)?;
                self.exports(section)?;
            }
            P::StartSection { func, range } => {
                self.note_section("start", range.clone(), None);
                self.validator.start_section(func, &range)?;
                self.module.start = Some(func);
            }
            P::ElementSection(section) => {
                self.note_section("element", section.range(), Some(section.count()));
                self.validator.element_section(&section)?;
                self.elements(section)?;
            }
            P::DataCountSection { count, range } => {
                self.note_section("data count", range.clone(), None);
                self.notes.used.insert(Feature::BulkMemory);
                self.validator.data_count_section(count, &range)?;
            }
            P::CodeSectionStart { count, unchecked_range, .. } => {
                self.note_section("code", unchecked_range.clone(), Some(count));
                self.validator.code_section_start(&unchecked_range)?;
                self.module.code_section = usize_range(unchecked_range);
                // The count is checked against the function section, which is bounded.
                self.module.bodies.reserve_exact(count as usize);
            }
            P::CodeSectionEntry(body) => {
                let func = self.module.imported_funcs + self.module.bodies.len() as u32;
                let entry = self.validator.code_section_entry(&body);
                let entry = entry.map_err(|error| DecodeError::from(error).in_func(func))?;
                self.resources.get_or_insert(entry.resources);
                self.module
                    .bodies
                    .push(FuncBody { range: usize_range(body.range()), facts: BodyFacts::default() });
            }
            P::DataSection(section) => {
                self.note_section("data", section.range(), Some(section.count()));
                self.validator.data_section(&section)?;
                self.data(section)?;
            }
            P::CustomSection(section) => {
                self.note_section("custom", section.range(), None);
                let range = usize_range(section.data_range());
                self.module.custom_sections.push(CustomSection { name: section.name().into(), range });
            }
            P::End(offset) => {
                self.validator.end(offset)?;
            }
            other => {
                self.validator.payload(&other)?;
            }
        }
        Ok(())
    }

    fn note_section(&mut self, name: &'static str, range: Range<u64>, count: Option<u32>) {
        self.module.sections.push(SectionInfo { name, range: usize_range(range), count });
    }

    fn types(&mut self, section: wasmparser::TypeSectionReader<'_>) -> Result<(), DecodeError> {
        let module = &mut self.module;
        module.types.reserve_exact(section.count() as usize);
        module.rec_groups.reserve_exact(section.count() as usize);
        for group in section {
            let group = group?;
            if group.is_explicit_rec_group() {
                self.notes.used.insert(Feature::Gc);
            }
            let start = module.types.len() as u32;
            for (offset, ty) in group.into_types_and_offsets() {
                let ty = self.notes.sub_type(&ty, offset as usize);
                module.types.push(ty);
            }
            module.rec_groups.push(start..module.types.len() as u32);
        }
        Ok(())
    }

    fn imports(&mut self, section: wasmparser::ImportSectionReader<'_>) -> Result<(), DecodeError> {
        let module = &mut self.module;
        for group in section {
            let group = group?;
            if !matches!(group, wasmparser::Imports::Single(..)) {
                self.notes.used.insert(Feature::CompactImports);
            }
            for import in group {
                let (offset, import) = import?;
                let ty = self.notes.import_type(&import.ty, offset as usize);
                match ty {
                    ImportType::Func(ty) => module.funcs.push(ty),
                    ImportType::Table(ty) => module.tables.push(ty),
                    ImportType::Memory(ty) => module.memories.push(ty),
                    ImportType::Global(ty) => module.globals.push(ty),
                    ImportType::Tag(ty) => module.tags.push(ty),
                }
                module.imports.push(Import { module: import.module.into(), name: import.name.into(), ty });
            }
        }
        module.imported_funcs = module.funcs.len() as u32;
        module.imported_tables = module.tables.len() as u32;
        module.imported_memories = module.memories.len() as u32;
        module.imported_globals = module.globals.len() as u32;
        module.imported_tags = module.tags.len() as u32;
        Ok(())
    }

    fn tables(&mut self, section: wasmparser::TableSectionReader<'_>) -> Result<(), DecodeError> {
        for table in section {
            let table = table?;
            let ty = self.notes.table_type(&table.ty);
            let init = match &table.init {
                wasmparser::TableInit::RefNull => None,
                wasmparser::TableInit::Expr(expr) => {
                    self.notes.used.insert(Feature::FunctionReferences);
                    Some(self.notes.const_expr(expr, self.module.imported_globals)?)
                }
            };
            self.module.tables.push(ty);
            self.module.table_inits.push(init);
        }
        Ok(())
    }

    fn exports(&mut self, section: wasmparser::ExportSectionReader<'_>) -> Result<(), DecodeError> {
        use wasmparser::ExternalKind as K;
        self.module.exports.reserve_exact(section.count() as usize);
        for export in section {
            let export = export?;
            let kind = match export.kind {
                K::Func | K::FuncExact => ExternKind::Func,
                K::Table => ExternKind::Table,
                K::Memory => ExternKind::Memory,
                K::Global => ExternKind::Global,
                K::Tag => ExternKind::Tag,
            };
            let index = export.index;
            if kind == ExternKind::Global && self.module.globals[index as usize].mutable {
                self.notes.used.insert(Feature::MutableGlobal);
            }
            self.module.exports.push(Export { name: export.name.into(), kind, index });
        }
        Ok(())
    }

    fn elements(&mut self, section: wasmparser::ElementSectionReader<'_>) -> Result<(), DecodeError> {
        use wasmparser::{ElementItems as Items, ElementKind as Kind};
        let imported_globals = self.module.imported_globals;
        for segment in section {
            let segment = segment?;
            let mode = match &segment.kind {
                Kind::Passive => SegmentMode::Passive,
                Kind::Declared => SegmentMode::Declared,
                Kind::Active { table_index, offset_expr } => SegmentMode::Active {
                    index: table_index.unwrap_or(0),
                    offset: self.notes.const_expr(offset_expr, imported_globals)?,
                },
            };
            match mode {
                SegmentMode::Active { .. } => {}
                SegmentMode::Passive => self.notes.used.insert(Feature::BulkMemory),
                SegmentMode::Declared => self.notes.used.insert(Feature::ReferenceTypes),
            }
            let (ty, items) = match segment.items {
                Items::Functions(funcs) => {
                    let ty = RefType { nullable: false, heap: HeapType::Func };
                    (ty, ElementItems::Funcs(funcs.into_iter().collect::<Result<_, _>>()?))
                }
                Items::Expressions(ty, exprs) => {
                    self.notes.used.insert(Feature::ReferenceTypes);
                    let ty = self.notes.ref_type(ty);
                    let exprs = exprs.into_iter().map(|expr| self.notes.const_expr(&expr?, imported_globals));
                    (ty, ElementItems::Exprs(exprs.collect::<Result<_, _>>()?))
                }
            };
            self.module.elements.push(ElementSegment { ty, mode, items });
        }
        Ok(())
    }

    fn data(&mut self, section: wasmparser::DataSectionReader<'_>) -> Result<(), DecodeError> {
        self.module.data.reserve_exact(section.count() as usize);
        for segment in section {
            let segment = segment?;
            let mode = match &segment.kind {
                wasmparser::DataKind::Passive => {
                    self.notes.used.insert(Feature::BulkMemory);
                    SegmentMode::Passive
                }
                wasmparser::DataKind::Active { memory_index, offset_expr } => SegmentMode::Active {
                    index: *memory_index,
                    offset: self.notes.const_expr(offset_expr, self.module.imported_globals)?,
                },
            };
            let end = segment.range.end as usize;
            self.module.data.push(DataSegment { mode, range: end - segment.data.len()..end });
        }
        Ok(())
    }

    /// Validates the bodies read so far.
    fn bodies(&mut self, options: &DecodeOptions) -> Result<(), DecodeError> {
        let Some(resources) = &self.resources else { return Ok(()) };
        let facts: Vec<AtomicU8> = self.module.bodies.iter().map(|_| AtomicU8::new(0)).collect();
        let bodies = Bodies {
            bytes: self.bytes,
            resources,
            features: self.features,
            bodies: &self.module.bodies,
            facts: &facts,
            imported_funcs: self.module.imported_funcs,
        };
        let threads = if self.module.code_section.len() < options.parallel_code_bytes {
            1
        } else if options.parallel_threads == DecodeOptions::AUTO_THREADS {
            let processors = std::thread::available_parallelism().map_or(1, |n| n.get());
            processors.min(limits::MAX_VALIDATION_THREADS)
        } else {
            options.parallel_threads
        };
        bodies.validate(threads, &mut self.notes)?;
        for (body, facts) in self.module.bodies.iter_mut().zip(facts) {
            body.facts = BodyFacts(facts.into_inner());
        }
        Ok(())
    }

    /// Completes the module but for its bytes.
    fn finish(self) -> Module {
        let Decoder { mut module, mut notes, .. } = self;
        if module.memories.len() > 1 {
            notes.used.insert(Feature::MultiMemory);
        }
        if module.tables.len() > 1 {
            notes.used.insert(Feature::ReferenceTypes);
        }
        module.features_used = notes.used.names();
        module.escaping_funcs = escaping_funcs(&module);
        module
    }

    /// Puts the name of the function that an error is about into it.
    fn with_func_name(&self, mut error: DecodeError) -> DecodeError {
        if let Some(FuncRef { index, name }) = error.func_mut()
            && let Some(section) = self.module.custom_sections.iter().find(|section| &*section.name == "name")
        {
            let section = &self.bytes[section.range.clone()];
            *name = NameTable::parse(section).func_name(section, *index).map(Into::into);
        }
        error
    }
}

/// Functions to which a reference can exist. A `ref.func` in a body may only name one of these.
fn escaping_funcs(module: &Module) -> Vec<u32> {
    let mut escapes = vec![false; module.funcs.len()];
    for export in module.exports.iter().filter(|export| export.kind == ExternKind::Func) {
        escapes[export.index as usize] = true;
    }
    let mut constant = |expr: &ConstExpr| {
        for op in expr.ops() {
            if let ConstOp::RefFunc(func) = op {
                escapes[*func as usize] = true;
            }
        }
    };
    module.global_inits.iter().for_each(&mut constant);
    module.table_inits.iter().flatten().for_each(&mut constant);
    for segment in &module.elements {
        match &segment.items {
            ElementItems::Funcs(funcs) => {
                funcs.iter().for_each(|&func| constant(&ConstExpr::One(ConstOp::RefFunc(func))));
            }
            ElementItems::Exprs(exprs) => exprs.iter().for_each(&mut constant),
        }
    }
    (0..module.funcs.len() as u32).filter(|&func| escapes[func as usize]).collect()
}
