//! Instances.

use super::memory::MemoryData;
use super::store::{GlobalData, TagData};
use super::table::TableData;
use super::{Stop, VmContext, VmFuncRef, VmGlobal, VmMemory, VmStore, VmTable, VmTag};
use crate::module::{Module, Style};
use crate::trap::Trap;
use brisk_codegen::layout::{InstanceLayout, VmLayout};
use brisk_module::module::{ConstArith, ConstExpr, ConstOp, ElementItems};
use std::alloc::{self, Layout};
use std::mem::{align_of, offset_of, size_of};
use std::ptr::NonNull;

/// An instance: one allocation, with the arrays that its context leads to behind it.
#[repr(C)]
pub(crate) struct InstanceData {
    /// What running code knows of the instance.
    pub ctx: VmContext,
    /// `None` in the record that stands for a host that calls.
    module: Option<Module>,
    layout: Layout,
    /// Where its records are.
    own: InstanceLayout,
    /// Which machine code it runs.
    style: Style,
    /// References to the functions that can be referred to, in the order of `Module::escaping_funcs`.
    func_refs: *mut VmFuncRef,
    /// Stands for memory 0 where there is none, so that running code can always read its words.
    no_memory: VmMemory,
    /// A flag per element segment, then one per data segment: whether it was dropped.
    dropped: *mut bool,
}

/// Places of arrays in an allocation.
struct Arrays {
    layout: Layout,
}

impl Arrays {
    fn add<T>(&mut self, len: usize) -> Option<usize> {
        let (layout, offset) = self.layout.extend(Layout::array::<T>(len).ok()?).ok()?;
        self.layout = layout;
        Some(offset)
    }
}

// What `InstanceLayout` takes for granted.
const _: () = assert!(offset_of!(InstanceData, ctx) == 0 && align_of::<InstanceData>() <= 16);
const _: () = assert!(align_of::<GlobalData>() == 16);
const _: () = assert!(align_of::<MemoryData>() <= 8 && align_of::<TableData>() <= 8);

impl InstanceData {
    /// Where the records of an instance begin, and how large each is; nothing else.
    pub fn records() -> VmLayout {
        VmLayout {
            ctx_records: size_of::<InstanceData>().next_multiple_of(16) as u32,
            global_size: size_of::<GlobalData>() as u32,
            memory_size: size_of::<MemoryData>() as u32,
            table_size: size_of::<TableData>() as u32,
            func_ref_size: size_of::<VmFuncRef>() as u32,
            ..VmLayout::default()
        }
    }

    /// The record of an instance: its globals, memories, tables and tags, and its imports, are still to be
    /// made and set, and its function references made by [`InstanceData::fill_func_refs`].
    /// `None` if the system has no memory for it.
    ///
    /// # Safety
    /// The store must outlive the record, which must be freed with [`InstanceData::free`].
    pub unsafe fn allocate(store: *mut VmStore, module: Option<Module>) -> Option<NonNull<InstanceData>> {
        let info = module.as_ref().map(Module::info);
        let records = Self::records();
        let count = |count: fn(&brisk_module::Module) -> usize| info.map_or(0, count);
        let own = info
            .map_or(InstanceLayout { end: records.ctx_records, ..InstanceLayout::default() }, |info| {
                InstanceLayout::new(&records, info)
            });
        let mut arrays = Arrays { layout: Layout::from_size_align(own.end as usize, 16).ok()? };
        let func_refs = arrays.add::<VmFuncRef>(count(|info| info.escaping_funcs.len()))?;
        let globals = arrays.add::<*mut VmGlobal>(count(|info| info.globals.len()))?;
        let memories = arrays.add::<*mut VmMemory>(count(|info| info.memories.len()).max(1))?;
        let tables = arrays.add::<*mut VmTable>(count(|info| info.tables.len()))?;
        let tags = arrays.add::<*mut VmTag>(count(|info| info.tags.len()))?;
        let dropped = arrays.add::<bool>(count(|info| info.elements.len() + info.data.len()))?;
        let layout = arrays.layout.pad_to_align();
        // SAFETY: the layout is not empty, and all arrays are inside the allocation.
        unsafe {
            let base = NonNull::new(alloc::alloc_zeroed(layout))?;
            let instance = base.cast::<InstanceData>();
            let type_ids = base.add(own.type_ids as usize).as_ptr().cast::<u32>();
            if let Some(module) = &module {
                let ids = module.type_ids();
                assert_eq!(ids.len(), module.info().types.len(), "there is room for one of each type");
                type_ids.copy_from_nonoverlapping(ids.as_ptr(), ids.len());
            }
            let ctx = VmContext {
                store,
                // The states of the right style are set once the memories are known.
                funcs: module.as_ref().map_or(std::ptr::null(), |module| module.funcs().as_ptr()),
                imports: base.add(own.imports as usize).as_ptr().cast(),
                globals: base.add(globals).as_ptr().cast(),
                memories: base.add(memories).as_ptr().cast(),
                memory_base: std::ptr::null_mut(),
                tables: base.add(tables).as_ptr().cast(),
                type_ids,
                tags: base.add(tags).as_ptr().cast(),
                instance: instance.as_ptr(),
            };
            instance.write(InstanceData {
                ctx,
                module,
                layout,
                own,
                style: Style::Primary,
                func_refs: base.add(func_refs).as_ptr().cast(),
                no_memory: VmMemory { base: NonNull::<u128>::dangling().as_ptr().cast(), len: 0 },
                dropped: base.add(dropped).as_ptr().cast(),
            });
            let memory_0 = base.add(memories).cast::<*mut VmMemory>();
            memory_0.write(&raw mut (*instance.as_ptr()).no_memory);
            Some(instance)
        }
    }

    /// Room for the record of a global that is not imported, by its index; so for the next two.
    pub fn own_global(&mut self, index: u32) -> NonNull<GlobalData> {
        self.room(self.own.globals, index - self.info().imported_globals)
    }

    /// Room for the record of a memory.
    pub fn own_memory(&mut self, index: u32) -> NonNull<MemoryData> {
        self.room(self.own.memories, index - self.info().imported_memories)
    }

    /// Room for the record of a table.
    pub fn own_table(&mut self, index: u32) -> NonNull<TableData> {
        self.room(self.own.tables, index - self.info().imported_tables)
    }

    /// A place in an array of what is the instance's own.
    fn room<T>(&mut self, array: u32, index: u32) -> NonNull<T> {
        let offset = array as usize + index as usize * size_of::<T>();
        assert!(offset + size_of::<T>() <= self.own.end as usize);
        // The allocation, not this borrow of its head, is what the place is in.
        let base: *mut u8 = self.ctx.instance.cast();
        // SAFETY: inside the allocation.
        unsafe { NonNull::new_unchecked(base.add(offset)).cast() }
    }

    /// Frees a record.
    ///
    /// # Safety
    /// The record must come from [`InstanceData::allocate`] and not be used again.
    pub unsafe fn free(instance: NonNull<InstanceData>) {
        // SAFETY: passed on.
        unsafe {
            let layout = instance.as_ref().layout;
            instance.drop_in_place();
            alloc::dealloc(instance.as_ptr().cast(), layout);
        }
    }

    /// Which machine code of its module it runs.
    pub fn style(&self) -> Style {
        self.style
    }

    /// Has it run the machine code that suits its memories. Before its functions are referred to.
    pub fn set_style(&mut self, style: Style) {
        self.style = style;
        self.ctx.funcs = self.module().funcs_of(style).as_ptr();
    }

    /// The module; `None` in the record that stands for the host.
    pub fn try_module(&self) -> Option<&Module> {
        self.module.as_ref()
    }

    /// The module of what is not the record that stands for the host.
    pub fn module(&self) -> &Module {
        self.module.as_ref().expect("what runs is an instance of a module")
    }

    /// What was decoded of the module.
    pub fn info(&self) -> &brisk_module::Module {
        self.module().info()
    }

    /// Sets an imported function.
    ///
    /// # Safety
    /// The index must be that of an imported function and the reference live as long as the store.
    pub unsafe fn set_import(&mut self, index: u32, func: NonNull<VmFuncRef>) {
        // SAFETY: passed on.
        unsafe { self.ctx.imports.cast_mut().add(index as usize).write(*func.as_ref()) }
    }

    /// Sets a global.
    ///
    /// # Safety
    /// The index must be valid and the record live as long as the store; so for the next three.
    pub unsafe fn set_global(&mut self, index: u32, global: NonNull<GlobalData>) {
        // SAFETY: passed on.
        unsafe { self.ctx.globals.cast_mut().add(index as usize).write(global.cast().as_ptr()) }
    }

    /// Sets a memory.
    ///
    /// # Safety
    /// As for [`InstanceData::set_global`].
    pub unsafe fn set_memory(&mut self, index: u32, memory: NonNull<MemoryData>) {
        // SAFETY: passed on.
        unsafe {
            self.ctx.memories.cast_mut().add(index as usize).write(memory.cast().as_ptr());
            if index == 0 && memory.as_ref().guarded() {
                self.ctx.memory_base = memory.as_ref().base();
            }
        }
    }

    /// Whether all memories are guarded.
    ///
    /// # Safety
    /// All memories must have been set.
    pub unsafe fn all_guarded(&self) -> bool {
        (0..self.info().memories.len()).all(|index| {
            // SAFETY: by the contract of this function: pointers to records of the store.
            unsafe { (*(*self.ctx.memories.add(index)).cast::<MemoryData>()).guarded() }
        })
    }

    /// Sets a table.
    ///
    /// # Safety
    /// As for [`InstanceData::set_global`].
    pub unsafe fn set_table(&mut self, index: u32, table: NonNull<TableData>) {
        // SAFETY: passed on.
        unsafe { self.ctx.tables.cast_mut().add(index as usize).write(table.cast().as_ptr()) }
    }

    /// Sets a tag.
    ///
    /// # Safety
    /// As for [`InstanceData::set_global`].
    pub unsafe fn set_tag(&mut self, index: u32, tag: NonNull<TagData>) {
        // SAFETY: passed on.
        unsafe { self.ctx.tags.cast_mut().add(index as usize).write(tag.cast().as_ptr()) }
    }

    /// Makes the references to all functions that can be referred to. The imports must be set.
    pub fn fill_func_refs(&mut self) {
        let Some(module) = &self.module else { return };
        let funcs = &module.info().escaping_funcs;
        for (slot, &func) in funcs.iter().enumerate() {
            let record = self.func_refs.wrapping_add(slot);
            let func_ref = self.new_func_ref(func, record);
            // SAFETY: the array has a place for each of them.
            unsafe { record.write(func_ref) };
        }
    }

    /// What refers to a function, at the given address.
    fn new_func_ref(&self, func: u32, at: *const VmFuncRef) -> VmFuncRef {
        let info = self.info();
        let Some(defined) = func.checked_sub(info.imported_funcs) else {
            // SAFETY: the index is that of an imported function.
            return unsafe { *self.ctx.imports.add(func as usize) };
        };
        let ty = info.func_type(func);
        // SAFETY: validation saw to the indices.
        unsafe {
            VmFuncRef {
                state: self.ctx.funcs.add(defined as usize),
                ctx: (&raw const self.ctx).cast_mut(),
                type_id: *self.ctx.type_ids.add(info.funcs[func as usize].0 as usize),
                arg_slots: ty.param_slots.max(ty.result_slots),
                func_ref: at,
            }
        }
    }

    /// A reference to any function, for one call; it must be at its place while it is used.
    pub fn call_ref(&self, func: u32) -> VmFuncRef {
        self.new_func_ref(func, std::ptr::null())
    }

    /// The reference to a function that can be referred to. Lives as long as the store.
    pub fn func_ref(&self, func: u32) -> *const VmFuncRef {
        let info = self.info();
        if func < info.imported_funcs {
            // SAFETY: the index is that of an imported function.
            return unsafe { (*self.ctx.imports.add(func as usize)).func_ref };
        }
        match info.escaping_funcs.binary_search(&func) {
            Ok(slot) => self.func_refs.wrapping_add(slot),
            Err(_) => unreachable!("function {func} is not among those that can be referred to"),
        }
    }

    /// A global.
    pub fn global(&self, index: u32) -> NonNull<GlobalData> {
        assert!((index as usize) < self.info().globals.len());
        // SAFETY: the index is valid, and all places are filled.
        unsafe { NonNull::new_unchecked((*self.ctx.globals.add(index as usize)).cast()) }
    }

    /// A memory.
    pub fn memory(&self, index: u32) -> NonNull<MemoryData> {
        assert!((index as usize) < self.info().memories.len());
        // SAFETY: the index is valid, and all places are filled.
        unsafe { NonNull::new_unchecked((*self.ctx.memories.add(index as usize)).cast()) }
    }

    /// A table.
    pub fn table(&self, index: u32) -> NonNull<TableData> {
        assert!((index as usize) < self.info().tables.len());
        // SAFETY: the index is valid, and all places are filled.
        unsafe { NonNull::new_unchecked((*self.ctx.tables.add(index as usize)).cast()) }
    }

    /// A tag.
    pub fn tag(&self, index: u32) -> NonNull<TagData> {
        assert!((index as usize) < self.info().tags.len());
        // SAFETY: the index is valid, and all places are filled.
        unsafe { NonNull::new_unchecked((*self.ctx.tags.add(index as usize)).cast()) }
    }

    fn dropped(&self, flag: usize) -> bool {
        debug_assert!(flag < self.info().elements.len() + self.info().data.len());
        // SAFETY: there is a flag per segment.
        unsafe { *self.dropped.add(flag) }
    }

    fn set_dropped(&mut self, flag: usize) {
        assert!(flag < self.info().elements.len() + self.info().data.len());
        // SAFETY: there is a flag per segment.
        unsafe { *self.dropped.add(flag) = true }
    }

    /// Bytes of a data segment; none once it was dropped.
    pub fn data_segment(&self, segment: u32) -> &[u8] {
        let info = self.info();
        if self.dropped(info.elements.len() + segment as usize) {
            return &[];
        }
        &info.bytes()[info.data[segment as usize].range.clone()]
    }

    /// `data.drop`.
    pub fn drop_data(&mut self, segment: u32) {
        self.set_dropped(self.info().elements.len() + segment as usize);
    }

    /// `elem.drop`.
    pub fn drop_element(&mut self, segment: u32) {
        self.set_dropped(segment as usize);
    }

    /// `table.init`.
    ///
    /// # Safety
    /// The table must be live and its elements of the segment's type, as validation sees to for tables of
    /// this instance.
    pub unsafe fn table_init(
        &self,
        segment: u32,
        mut table: NonNull<TableData>,
        dst: u64,
        src: u32,
        len: u32,
    ) -> Result<(), Stop> {
        let items = &self.info().elements[segment as usize].items;
        let available = if self.dropped(segment as usize) { 0 } else { items.len() };
        let (start, end) = (src as usize, src as usize + len as usize);
        if end > available {
            return Err(Trap::TableOutOfBounds.into());
        }
        // SAFETY: passed on; the values are of the element type.
        unsafe {
            let table = table.as_mut();
            table.check(dst, len as u64)?;
            match items {
                ElementItems::Funcs(funcs) => {
                    for (at, &func) in (dst..).zip(&funcs[start..end]) {
                        table.fill(at, self.func_ref(func) as u64, 1)?;
                    }
                }
                ElementItems::Exprs(exprs) => {
                    for (at, expr) in (dst..).zip(&exprs[start..end]) {
                        table.fill(at, self.evaluate(expr)[0], 1)?;
                    }
                }
            }
        }
        Ok(())
    }

    /// Value of a constant expression. The globals that it reads are immutable, so that it does not matter
    /// when it is evaluated.
    pub fn evaluate(&self, expr: &ConstExpr) -> [u64; 2] {
        if let ConstExpr::One(op) = expr {
            return self.constant(*op);
        }
        let mut stack: Vec<[u64; 2]> = Vec::new();
        for op in expr.ops() {
            let value = match op {
                ConstOp::Arith(arith) => {
                    let (right, left) = (pop(&mut stack), pop(&mut stack));
                    [arithmetic(*arith, left, right), 0]
                }
                op => self.constant(*op),
            };
            stack.push(value);
        }
        stack.pop().unwrap_or_default()
    }

    fn constant(&self, op: ConstOp) -> [u64; 2] {
        match op {
            ConstOp::I32(value) => [value as u32 as u64, 0],
            ConstOp::I64(value) => [value as u64, 0],
            ConstOp::F32(bits) => [bits as u64, 0],
            ConstOp::F64(bits) => [bits, 0],
            ConstOp::V128(bits) => [bits as u64, (bits >> 64) as u64],
            // SAFETY: the global is live; nobody writes it meanwhile.
            ConstOp::GlobalGet(index) => unsafe { self.global(index).as_ref().vm.slots },
            ConstOp::RefNull => [0, 0],
            ConstOp::RefFunc(func) => [self.func_ref(func) as u64, 0],
            ConstOp::Arith(_) => unreachable!("validation gives arithmetic its operands"),
        }
    }
}

fn pop(stack: &mut Vec<[u64; 2]>) -> u64 {
    stack.pop().unwrap_or_default()[0]
}

fn arithmetic(op: ConstArith, left: u64, right: u64) -> u64 {
    let (left32, right32) = (left as u32, right as u32);
    match op {
        ConstArith::I32Add => left32.wrapping_add(right32) as u64,
        ConstArith::I32Sub => left32.wrapping_sub(right32) as u64,
        ConstArith::I32Mul => left32.wrapping_mul(right32) as u64,
        ConstArith::I64Add => left.wrapping_add(right),
        ConstArith::I64Sub => left.wrapping_sub(right),
        ConstArith::I64Mul => left.wrapping_mul(right),
    }
}

const _: () = assert!(size_of::<VmFuncRef>() == 32);
