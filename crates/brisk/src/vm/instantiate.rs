//! Making an instance, in the order that the specification gives.

use super::instance::InstanceData;
use super::memory::MemoryData;
use super::store::{Counts, GlobalData, StoreOpaque, TagData};
use super::table::TableData;
use super::{Stop, VmFuncRef, VmGlobal, call, memory, table};
use crate::bail;
use crate::config::Tier;
use crate::engine::Engine;
use crate::error::{Error, Result};
use crate::module::{Module, Style};
use crate::types::canonical::Definition;
use brisk_module::module::SegmentMode;
use std::ptr::NonNull;

/// What is imported, checked to be of the store at hand.
#[derive(Clone, Copy)]
pub(crate) enum ImportValue {
    Func(NonNull<VmFuncRef>),
    Table(NonNull<TableData>),
    Memory(NonNull<MemoryData>),
    Global(NonNull<GlobalData>),
    Tag(NonNull<TagData>),
}

impl ImportValue {
    /// What there is to link, for a check of its type.
    ///
    /// # Safety
    /// The record must be alive and nobody write it meanwhile.
    pub unsafe fn definition(self) -> Definition {
        // SAFETY: passed on.
        unsafe {
            match self {
                ImportValue::Func(func) => Definition::Func(func.as_ref().type_id),
                ImportValue::Table(table) => Definition::Table(*table.as_ref().ty(), table.as_ref().len()),
                ImportValue::Memory(memory) => {
                    Definition::Memory(*memory.as_ref().ty(), memory.as_ref().pages())
                }
                ImportValue::Global(global) => Definition::Global(global.as_ref().ty),
                ImportValue::Tag(tag) => Definition::Tag(tag.as_ref().vm.type_id),
            }
        }
    }
}

/// Makes an instance of a module and runs its start function. `imports` gives the value of each import,
/// which must have been checked with [`canonical::check_import`](crate::types::canonical::check_import).
///
/// An instance that fails from its segments or its start function stays in the store: functions of it
/// may have got into tables by then.
pub(crate) fn instantiate(
    store: &mut StoreOpaque,
    module: &Module,
    mut imports: impl FnMut(usize) -> ImportValue,
) -> Result<NonNull<InstanceData>> {
    let info = module.info();
    if !Engine::same(store.engine(), module.engine()) {
        bail!("a module of one engine cannot be instantiated in a store of another");
    }
    store.count(Counts {
        instances: 1,
        tables: info.tables.len() - info.imported_tables as usize,
        memories: info.memories.len() - info.imported_memories as usize,
    })?;
    // SAFETY: the store owns the instance from the next line on and outlives it.
    let instance = unsafe { InstanceData::allocate(store.vm(), Some(module.clone())) };
    let Some(mut instance) = instance else { bail!("failed to allocate an instance") };
    store.own_instance(instance);
    // SAFETY: the instance is alive; nothing of the store refers to it for longer than a call below.
    // All records live as long as the store, and indices are counted along with the module's.
    let data = unsafe { instance.as_mut() };
    let (mut funcs, mut tables, mut memories, mut globals, mut tags) = (0, 0, 0, 0, 0);
    for index in 0..info.imports.len() {
        // SAFETY: as above.
        unsafe {
            match imports(index) {
                ImportValue::Func(func) => data.set_import(next(&mut funcs), func),
                ImportValue::Table(table) => data.set_table(next(&mut tables), table),
                ImportValue::Memory(memory) => data.set_memory(next(&mut memories), memory),
                ImportValue::Global(global) => data.set_global(next(&mut globals), global),
                ImportValue::Tag(tag) => data.set_tag(next(&mut tags), tag),
            }
        }
    }
    for index in info.imported_memories..info.memories.len() as u32 {
        // SAFETY: as above; the instance has room for each memory and is freed after the store's records.
        unsafe {
            let memory = memory::create(store, info.memories[index as usize], Some(data.own_memory(index)))?;
            data.set_memory(index, memory);
        }
    }
    // SAFETY: all memories have been set.
    if module.wants_guarded() && !unsafe { data.all_guarded() } {
        data.set_style(Style::Fallback);
    }
    if store.engine().compiler().tier() == Tier::Jit {
        module.compile_now(data.style());
    }
    data.fill_func_refs();
    let types = module.module_types();
    for index in info.imported_tags..info.tags.len() as u32 {
        let ty = info.tags[index as usize];
        let payload = info.tag_type(index).params.iter().map(|ty| types.val(*ty));
        let tag = TagData::new(types.id(ty), payload);
        let tag = store.tags.push(tag);
        // SAFETY: as above.
        unsafe { data.set_tag(index, tag) };
    }
    for index in info.imported_globals..info.globals.len() as u32 {
        let init = &info.global_inits[(index - info.imported_globals) as usize];
        let vm = VmGlobal { slots: data.evaluate(init) };
        let global = GlobalData { vm, ty: types.global(info.globals[index as usize]) };
        // SAFETY: as for memories; a global's value names only globals before it.
        unsafe {
            let global = store.globals.push_at(Some(data.own_global(index)), global);
            data.set_global(index, global);
        }
    }
    for index in info.imported_tables..info.tables.len() as u32 {
        let ty = types.table(info.tables[index as usize]);
        // SAFETY: as for memories; the initial value is of the element type.
        unsafe {
            let mut table = table::create(store, ty, Some(data.own_table(index)))?;
            data.set_table(index, table);
            if let Some(init) = &info.table_inits[(index - info.imported_tables) as usize] {
                let value = data.evaluate(init)[0];
                let table = table.as_mut();
                let len = table.len();
                if value != 0 {
                    table.fill(0, value, len).map_err(trap)?;
                }
            }
        }
    }
    // SAFETY: the instance is alive and complete.
    unsafe { start(store, instance)? };
    Ok(instance)
}

fn next(index: &mut u32) -> u32 {
    *index += 1;
    *index - 1
}

fn trap(stop: Stop) -> Error {
    match stop {
        Stop::Trap(trap) => trap.into(),
        Stop::Unwind | Stop::Exception => unreachable!("segments are copied by code that only traps"),
    }
}

/// Copies active segments and runs the start function.
///
/// # Safety
/// The instance must be alive and complete.
unsafe fn start(store: &mut StoreOpaque, mut instance: NonNull<InstanceData>) -> Result<()> {
    // SAFETY: the instance is alive, and nothing else refers to it or to what it uses before its start
    // function runs; its tables fit its segments, as validation saw to.
    unsafe {
        let data = instance.as_mut();
        let module = data.module().clone();
        let info = module.info();
        for (index, segment) in (0..).zip(&info.elements) {
            match &segment.mode {
                SegmentMode::Active { index: table, offset } => {
                    let (table, offset) = (data.table(*table), data.evaluate(offset)[0]);
                    let len = segment.items.len() as u32;
                    data.table_init(index, table, offset, 0, len).map_err(trap)?;
                    data.drop_element(index);
                }
                SegmentMode::Declared => data.drop_element(index),
                SegmentMode::Passive => {}
            }
        }
        for (index, segment) in (0..).zip(&info.data) {
            if let SegmentMode::Active { index: memory, offset } = &segment.mode {
                let (memory, offset) = (data.memory(*memory), data.evaluate(offset)[0]);
                let bytes = data.data_segment(index);
                let to = memory.as_ref().range(offset, bytes.len() as u64).map_err(trap)?;
                std::ptr::copy_nonoverlapping(bytes.as_ptr(), to, bytes.len());
                data.drop_data(index);
            }
        }
        if let Some(func) = info.start {
            let mut func = data.call_ref(func);
            call::invoke_nullary(store, NonNull::from(&mut func))?;
        }
    }
    Ok(())
}
