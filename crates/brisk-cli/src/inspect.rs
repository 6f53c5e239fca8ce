//! `brisk inspect FILE`: what a module is made of.

use crate::flags::Inspect;
use crate::json::{Json, object};
use crate::text::{one_line, plural};
use crate::{Failure, load, output};
use brisk::{Context as _, Error};
use brisk_module::Module;
use brisk_module::module::{ExternKind, ImportType};
use std::borrow::Cow;
use std::fmt::Write as _;
use std::path::Path;

/// Shows a module, as text or JSON.
pub fn inspect(options: Inspect) -> Result<u8, Failure> {
    let module = decode(&options.file)?;
    let entities = entities(&module);
    output::print(&match options.json {
        true => format!("{}\n", json(&options.file, &module, &entities)),
        false => text(&options.file, &module, &entities),
    })?;
    Ok(0)
}

/// The module, whatever proposals it uses.
fn decode(file: &Path) -> Result<Module, Error> {
    let mut bytes = load::bytes(file)?;
    let cannot = || format!("cannot load `{}`", file.display());
    if let Cow::Owned(binary) = wat::parse_bytes(&bytes).with_context(cannot)? {
        bytes = binary;
    }
    Module::decode(bytes, &load::every_feature()).with_context(cannot)
}

/// A memory, table, global or tag.
struct Entity {
    kind: ExternKind,
    index: u32,
    imported: bool,
    ty: ImportType,
}

fn entities(module: &Module) -> Vec<Entity> {
    let mut all = Vec::new();
    let mut add = |kind, imported: u32, types: Vec<ImportType>| {
        all.extend((0..).zip(types).map(|(index, ty)| Entity {
            kind,
            index,
            imported: index < imported,
            ty,
        }));
    };
    let Module { memories, tables, globals, tags, .. } = module;
    add(
        ExternKind::Memory,
        module.imported_memories,
        memories.iter().copied().map(ImportType::Memory).collect(),
    );
    add(ExternKind::Table, module.imported_tables, tables.iter().copied().map(ImportType::Table).collect());
    add(
        ExternKind::Global,
        module.imported_globals,
        globals.iter().copied().map(ImportType::Global).collect(),
    );
    add(ExternKind::Tag, module.imported_tags, tags.iter().copied().map(ImportType::Tag).collect());
    all
}

impl Entity {
    fn name<'a>(&self, module: &'a Module) -> Option<&'a str> {
        let names = module.names();
        match self.kind {
            ExternKind::Func => names.func_name(self.index),
            ExternKind::Table => names.table_name(self.index),
            ExternKind::Memory => names.memory_name(self.index),
            ExternKind::Global => names.global_name(self.index),
            ExternKind::Tag => names.tag_name(self.index),
        }
    }
}

/// The type without the keyword of its kind, which stands before it.
fn type_text(module: &Module, ty: &ImportType) -> String {
    let text = module.display_type(ty).to_string();
    text.split_once(' ').map(|(_, ty)| ty.to_owned()).unwrap_or_default()
}

fn named_funcs(module: &Module) -> usize {
    (0..module.funcs.len() as u32).filter(|&func| module.names().func_name(func).is_some()).count()
}

fn text(file: &Path, module: &Module, entities: &[Entity]) -> String {
    let mut out = String::new();
    write_text(&mut out, file, module, entities).expect("writing to a string does not fail");
    out
}

fn write_text(out: &mut String, file: &Path, module: &Module, entities: &[Entity]) -> std::fmt::Result {
    let name = module.names().module_name().map(|name| format!(" (module {})", one_line(name)));
    let file = one_line(&file.display().to_string());
    writeln!(out, "{file}{}: {} bytes", name.unwrap_or_default(), module.bytes().len())?;

    let proposals = module.features_used.join(", ");
    writeln!(out, "proposals used: {}", if proposals.is_empty() { "none" } else { &proposals })?;
    let (imported, defined) = (module.imported_funcs, module.bodies.len());
    writeln!(
        out,
        "functions: {imported} imported, {defined} defined with {} bytes of code, {} named",
        module.code_section.len(),
        named_funcs(module)
    )?;
    if let Some(start) = module.start {
        let name = module.names().func_name(start).map(|name| format!(" ({})", one_line(name)));
        writeln!(out, "start: function {start}{}", name.unwrap_or_default())?;
    }

    heading(out, "sections", module.sections.len())?;
    let mut custom = module.custom_sections.iter();
    for section in &module.sections {
        let (offset, size) = (section.range.start, section.range.len());
        write!(out, "  {:<10} at {offset:#08x} {size:>10} bytes", section.name)?;
        if section.name == "custom" {
            let name = custom.next().map(|custom| one_line(&custom.name));
            write!(out, "  {}", name.unwrap_or_default())?;
        }
        match section.count {
            Some(count) => writeln!(out, "  {count} entr{}", if count == 1 { "y" } else { "ies" })?,
            None => out.push('\n'),
        }
    }

    heading(out, "imports", module.imports.len())?;
    for import in &module.imports {
        let (from, name) = (one_line(&import.module), one_line(&import.name));
        line(out, import.ty.kind(), &format!("{from}.{name}"), &type_text(module, &import.ty))?;
    }
    heading(out, "exports", module.exports.len())?;
    for export in &module.exports {
        line(out, export.kind, &one_line(&export.name), &type_text(module, &module.export_type(export)))?;
    }
    heading(out, "memories, tables, globals and tags", entities.len())?;
    for entity in entities {
        let name = entity.name(module).map(|name| format!(" {}", one_line(name))).unwrap_or_default();
        let imported = if entity.imported { " (imported)" } else { "" };
        line(out, entity.kind, &format!("{}{name}{imported}", entity.index), &type_text(module, &entity.ty))?;
    }
    if !module.data.is_empty() || !module.elements.is_empty() {
        let bytes: usize = module.data.iter().map(|segment| segment.range.len()).sum();
        let items: usize = module.elements.iter().map(|segment| segment.items.len()).sum();
        let (data, elements) = (module.data.len(), module.elements.len());
        writeln!(
            out,
            "\n{data} data segment{} with {bytes} bytes, {elements} element segment{} with {items} references",
            plural(data),
            plural(elements)
        )?;
    }
    Ok(())
}

fn heading(out: &mut String, what: &str, count: usize) -> std::fmt::Result {
    if count == 0 { Ok(()) } else { writeln!(out, "\n{what}: {count}") }
}

fn line(out: &mut String, kind: ExternKind, name: &str, ty: &str) -> std::fmt::Result {
    writeln!(out, "{}", format!("  {:<7} {name}  {ty}", kind.name()).trim_end())
}

fn json(file: &Path, module: &Module, entities: &[Entity]) -> Json {
    let names = module.names();
    let mut custom = module.custom_sections.iter();
    let sections = module.sections.iter().map(|section| {
        let custom = if section.name == "custom" { custom.next() } else { None };
        object! {
            id: section.name,
            name: custom.map(|custom| &*custom.name),
            offset: section.range.start,
            size: section.range.len(),
            count: section.count,
        }
    });
    let imports = module.imports.iter().map(|import| {
        object! {
            module: &*import.module,
            name: &*import.name,
            kind: import.ty.kind().name(),
            type: type_text(module, &import.ty),
        }
    });
    let exports = module.exports.iter().map(|export| {
        object! {
            name: &*export.name,
            kind: export.kind.name(),
            index: export.index,
            type: type_text(module, &module.export_type(export)),
        }
    });
    let of_kind = |kind| {
        let entities = entities.iter().filter(move |entity| entity.kind == kind);
        entities.map(|entity| entity_json(module, entity)).collect::<Json>()
    };
    object! {
        file: file.display().to_string(),
        size: module.bytes().len(),
        name: names.module_name(),
        proposals: module.features_used.iter().copied().collect::<Json>(),
        sections: sections.collect::<Json>(),
        imports: imports.collect::<Json>(),
        exports: exports.collect::<Json>(),
        functions: object! {
            imported: module.imported_funcs,
            defined: module.bodies.len(),
            named: named_funcs(module),
            code_size: module.code_section.len(),
        },
        types: module.types.len(),
        memories: of_kind(ExternKind::Memory),
        tables: of_kind(ExternKind::Table),
        globals: of_kind(ExternKind::Global),
        tags: of_kind(ExternKind::Tag),
        start: module.start,
        data_segments: module.data.iter().map(|segment| segment.range.len()).collect::<Json>(),
        element_segments: module.elements.iter().map(|segment| segment.items.len()).collect::<Json>(),
    }
}

fn entity_json(module: &Module, entity: &Entity) -> Json {
    let mut fields = vec![
        ("index", Json::from(entity.index)),
        ("name", Json::from(entity.name(module))),
        ("imported", Json::from(entity.imported)),
        ("type", Json::from(type_text(module, &entity.ty))),
    ];
    let mut limits = |limits: brisk_module::Limits| {
        fields.extend([("minimum", Json::from(limits.min)), ("maximum", Json::from(limits.max))]);
    };
    match &entity.ty {
        ImportType::Memory(ty) => {
            limits(ty.limits);
            fields.push(("page_size", Json::from(ty.page_size())));
            fields.push(("address", Json::from(ty.address_type().to_string())));
        }
        ImportType::Table(ty) => {
            limits(ty.limits);
            fields.push(("address", Json::from(ty.index_type().to_string())));
        }
        ImportType::Global(ty) => fields.push(("mutable", Json::from(ty.mutable))),
        ImportType::Func(_) | ImportType::Tag(_) => {}
    }
    Json::Object(fields)
}
