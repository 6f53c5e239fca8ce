//! Canonical types: one id for each defined type of an engine, whichever module it comes from.
//!
//! Two defined types are the same if their recursion groups have the same shape and they stand at
//! the same place in them (iso-recursive equality, as the specification has it). The shape of a
//! group is the group itself, with references to its own types counted from its beginning and all
//! other references replaced by the ids that those types have. So a table of shapes is all it takes,
//! and afterwards a comparison of ids.
//!
//! A group is alive as long as a module, a host's [`FuncType`](crate::FuncType) or another living group uses it;
//! then its ids are used again. Whoever stores an id sees to it that one of these is alive.
//!
//! Types with ids in them are `brisk_module`'s types, a [`TypeIndex`] holding the id. They are called
//! canonical where the two could be confused.

use crate::Engine;
use brisk_module::{FuncType, GlobalType, HeapType, Module, RefType, SubType, TableType, TypeIndex, ValType};
use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

/// Marks a reference within a group, in shapes only. Ids stay below: a table of 2³¹ types would
/// not fit in memory.
const IN_GROUP: u32 = 1 << 31;

/// A recursion group in the form in which groups are compared.
type Shape = Arc<[SubType]>;

/// All types of an engine.
#[derive(Default)]
pub(crate) struct TypeRegistry {
    table: Mutex<Table>,
    supertypes: Supertypes,
}

#[derive(Default)]
struct Table {
    /// First id of each group.
    by_shape: HashMap<Shape, u32>,
    /// What each id is, from id 1 on.
    entries: Vec<Entry>,
    /// First ids of ranges of unused ids, by the length of the range.
    free: BTreeMap<u32, Vec<u32>>,
}

enum Entry {
    Free,
    /// The first type of a group.
    First {
        shape: Shape,
        /// How many modules, registrations and references from other groups keep it alive.
        users: usize,
    },
    /// A further type of the group whose first type has the given id.
    Further(u32),
}

impl Table {
    fn entry(&mut self, id: u32) -> &mut Entry {
        &mut self.entries[id as usize - 1]
    }

    fn first_of(&mut self, id: u32) -> u32 {
        match *self.entry(id) {
            Entry::Further(first) => first,
            _ => id,
        }
    }

    /// Counts `times` more users of a group.
    fn retain(&mut self, first: u32, times: usize) {
        if let Entry::First { users, .. } = self.entry(first) {
            *users += times;
        }
    }

    /// The id of the first type of the group with this shape, which gets one more user.
    fn intern(&mut self, group: &[SubType], supertypes: &Supertypes) -> u32 {
        if let Some(&first) = self.by_shape.get(group) {
            self.retain(first, 1);
            return first;
        }
        for id in outside_references(group) {
            let first = self.first_of(id);
            self.retain(first, 1);
        }
        let len = group.len() as u32;
        let first = match self.free.get_mut(&len).and_then(Vec::pop) {
            Some(first) => first,
            None => {
                let first = self.entries.len() as u32 + 1;
                self.entries.extend((0..len).map(|_| Entry::Free));
                first
            }
        };
        let shape: Shape = group.into();
        self.by_shape.insert(shape.clone(), first);
        *self.entry(first) = Entry::First { shape, users: 1 };
        for further in 1..len {
            *self.entry(first + further) = Entry::Further(first);
        }
        for (ty, id) in group.iter().zip(first..) {
            supertypes.set(id, ty.supertype.map_or(0, |supertype| resolve(supertype, first).0));
        }
        first
    }

    /// Counts one user less of each of the given groups, and forgets those without any.
    fn release(&mut self, groups: impl IntoIterator<Item = u32>) {
        let mut pending: Vec<u32> = Vec::new();
        for group in groups {
            pending.push(group);
            while let Some(first) = pending.pop() {
                let Entry::First { users, .. } = self.entry(first) else { continue };
                *users -= 1;
                if *users > 0 {
                    continue;
                }
                let Entry::First { shape, .. } = std::mem::replace(self.entry(first), Entry::Free) else {
                    continue;
                };
                for id in 1..shape.len() as u32 {
                    *self.entry(first + id) = Entry::Free;
                }
                self.by_shape.remove(&shape);
                self.free.entry(shape.len() as u32).or_default().push(first);
                for id in outside_references(&shape) {
                    pending.push(self.first_of(id));
                }
            }
        }
    }
}

/// Ids of types outside of a group that the group refers to, each as often as it does.
fn outside_references(group: &[SubType]) -> impl Iterator<Item = u32> + '_ {
    group
        .iter()
        .flat_map(|ty| {
            let values = ty.func.params.iter().chain(&ty.func.results).filter_map(|value| match value {
                ValType::Ref(RefType { heap: HeapType::Concrete(index), .. }) => Some(*index),
                _ => None,
            });
            ty.supertype.into_iter().chain(values)
        })
        .map(|TypeIndex(id)| id)
        .filter(|id| id & IN_GROUP == 0)
}

/// The id that a reference in a shape stands for.
fn resolve(TypeIndex(reference): TypeIndex, first: u32) -> TypeIndex {
    match reference & IN_GROUP {
        0 => TypeIndex(reference),
        _ => TypeIndex(first + (reference & !IN_GROUP)),
    }
}

/// The type with its indices replaced.
pub(crate) fn map_val(ty: ValType, map: impl Fn(TypeIndex) -> TypeIndex) -> ValType {
    match ty {
        ValType::Ref(ty) => ValType::Ref(map_ref(ty, map)),
        other => other,
    }
}

/// The type with its indices replaced.
pub(crate) fn map_ref(ty: RefType, map: impl Fn(TypeIndex) -> TypeIndex) -> RefType {
    match ty.heap {
        HeapType::Concrete(index) => RefType { heap: HeapType::Concrete(map(index)), ..ty },
        _ => ty,
    }
}

fn map_sub(ty: &SubType, map: impl Fn(TypeIndex) -> TypeIndex) -> SubType {
    let list = |types: &[ValType]| types.iter().map(|ty| map_val(*ty, &map)).collect();
    SubType {
        is_final: ty.is_final,
        supertype: ty.supertype.map(&map),
        func: FuncType { params: list(&ty.func.params), results: list(&ty.func.results), ..ty.func },
    }
}

impl TypeRegistry {
    fn table(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether the type with id `a` is the one with id `b` or a declared subtype of it.
    ///
    /// Takes no lock: running code asks this, and so may a child of a fork.
    pub fn is_subtype(&self, a: u32, b: u32) -> bool {
        a == b || self.supertypes.is_below(a, b)
    }

    #[cfg(test)]
    pub fn len(&self) -> usize {
        self.table().by_shape.len()
    }
}

/// The supertype and the depth of each type, by id, readable without a lock.
#[derive(Default)]
struct Supertypes {
    /// Each chunk has twice as many nodes as the one before.
    chunks: [OnceLock<Box<[Node]>>; CHUNKS],
}

const CHUNKS: usize = 26;
const FIRST_CHUNK_LOG2: u32 = 6;

#[derive(Default)]
struct Node {
    supertype: AtomicU32,
    /// Length of the chain of supertypes above.
    depth: AtomicU32,
}

impl Supertypes {
    fn place(id: u32) -> (usize, usize) {
        let shifted = id + (1 << FIRST_CHUNK_LOG2);
        let log2 = shifted.ilog2();
        ((log2 - FIRST_CHUNK_LOG2) as usize, (shifted - (1 << log2)) as usize)
    }

    fn node(&self, id: u32) -> Option<&Node> {
        let (chunk, index) = Supertypes::place(id);
        self.chunks.get(chunk)?.get()?.get(index)
    }

    /// Records the supertype of a type, 0 if it has none. The supertype comes first.
    fn set(&self, id: u32, supertype: u32) {
        let depth = match supertype {
            0 => 0,
            _ => self.node(supertype).map_or(0, |node| node.depth.load(Ordering::Relaxed) + 1),
        };
        let (chunk, index) = Supertypes::place(id);
        let nodes = self.chunks[chunk].get_or_init(|| {
            (0..1usize << (chunk as u32 + FIRST_CHUNK_LOG2)).map(|_| Node::default()).collect()
        });
        nodes[index].supertype.store(supertype, Ordering::Relaxed);
        nodes[index].depth.store(depth, Ordering::Relaxed);
    }

    // Relaxed is enough: the nodes are written before the id is given to anybody, and ids pass
    // between threads only through something that orders them.
    fn is_below(&self, a: u32, b: u32) -> bool {
        let (Some(mut node), Some(target)) = (self.node(a), self.node(b)) else { return false };
        let depth = target.depth.load(Ordering::Relaxed);
        while node.depth.load(Ordering::Relaxed) > depth {
            let supertype = node.supertype.load(Ordering::Relaxed);
            if supertype == b {
                return true;
            }
            match self.node(supertype) {
                Some(above) => node = above,
                None => return false,
            }
        }
        false
    }
}

/// The types of a module, kept alive by it.
pub(crate) struct ModuleTypes {
    engine: Engine,
    /// Canonical id of each type of the module.
    ids: Box<[u32]>,
    /// First id of each recursion group.
    groups: Box<[u32]>,
}

impl ModuleTypes {
    /// Registers the types of a module.
    pub fn new(engine: &Engine, module: &Module) -> ModuleTypes {
        let registry = engine.types();
        let mut table = registry.table();
        let mut ids: Vec<u32> = Vec::with_capacity(module.types.len());
        let mut groups = Vec::with_capacity(module.rec_groups.len());
        let mut group = Vec::new();
        for range in module.rec_groups.iter().filter(|range| !range.is_empty()) {
            group.clear();
            group.extend(module.types[range.start as usize..range.end as usize].iter().map(|ty| {
                map_sub(ty, |TypeIndex(index)| match range.contains(&index) {
                    true => TypeIndex(IN_GROUP | (index - range.start)),
                    false => TypeIndex(ids[index as usize]),
                })
            }));
            let first = table.intern(&group, &registry.supertypes);
            groups.push(first);
            ids.extend(first..first + group.len() as u32);
        }
        drop(table);
        ModuleTypes { engine: engine.clone(), ids: ids.into(), groups: groups.into() }
    }

    /// Canonical ids, by type index.
    pub fn ids(&self) -> &[u32] {
        &self.ids
    }

    /// Canonical id of a type of the module.
    pub fn id(&self, TypeIndex(index): TypeIndex) -> u32 {
        self.ids[index as usize]
    }

    /// Canonical form of a type of the module.
    pub fn val(&self, ty: ValType) -> ValType {
        map_val(ty, |index| TypeIndex(self.id(index)))
    }

    /// Canonical form of a type of the module.
    pub fn reference(&self, ty: RefType) -> RefType {
        map_ref(ty, |index| TypeIndex(self.id(index)))
    }

    /// Canonical form of a type of the module.
    pub fn global(&self, ty: GlobalType) -> GlobalType {
        GlobalType { content: self.val(ty.content), ..ty }
    }

    /// Canonical form of a type of the module.
    pub fn table(&self, ty: TableType) -> TableType {
        TableType { element: self.reference(ty.element), ..ty }
    }
}

impl Drop for ModuleTypes {
    fn drop(&mut self) {
        self.engine.types().table().release(self.groups.iter().copied());
    }
}

/// One type, kept alive.
#[derive(Clone)]
pub(crate) struct RegisteredType {
    group: Arc<RegisteredGroup>,
    id: u32,
}

struct RegisteredGroup {
    engine: Engine,
    shape: Shape,
    first: u32,
}

impl Drop for RegisteredGroup {
    fn drop(&mut self) {
        self.engine.types().table().release([self.first]);
    }
}

impl RegisteredType {
    /// Registers a type that is a group of its own. It is canonical; the types it refers to are
    /// alive.
    pub fn new(engine: &Engine, ty: SubType) -> RegisteredType {
        let registry = engine.types();
        let mut table = registry.table();
        let first = table.intern(&[ty], &registry.supertypes);
        RegisteredType::kept(engine, &mut table, first, first)
    }

    /// The type with the given id, which is alive.
    pub fn from_id(engine: &Engine, id: u32) -> RegisteredType {
        let mut table = engine.types().table();
        let first = table.first_of(id);
        table.retain(first, 1);
        RegisteredType::kept(engine, &mut table, first, id)
    }

    /// Takes over a use of a group that has been counted.
    fn kept(engine: &Engine, table: &mut Table, first: u32, id: u32) -> RegisteredType {
        let shape = match table.entry(first) {
            Entry::First { shape, .. } => shape.clone(),
            _ => unreachable!("type {id} is not registered"),
        };
        RegisteredType { group: Arc::new(RegisteredGroup { engine: engine.clone(), shape, first }), id }
    }

    pub fn engine(&self) -> &Engine {
        &self.group.engine
    }

    /// The canonical id.
    pub fn id(&self) -> u32 {
        self.id
    }

    fn shape(&self) -> &SubType {
        &self.group.shape[(self.id - self.group.first) as usize]
    }

    pub fn is_final(&self) -> bool {
        self.shape().is_final
    }

    /// Id of the declared supertype.
    pub fn supertype(&self) -> Option<u32> {
        self.shape().supertype.map(|supertype| resolve(supertype, self.group.first).0)
    }

    /// Parameters, canonical.
    pub fn params(&self) -> impl ExactSizeIterator<Item = ValType> + '_ {
        self.shape().func.params.iter().map(|ty| map_val(*ty, |index| resolve(index, self.group.first)))
    }

    /// Results, canonical.
    pub fn results(&self) -> impl ExactSizeIterator<Item = ValType> + '_ {
        self.shape().func.results.iter().map(|ty| map_val(*ty, |index| resolve(index, self.group.first)))
    }

    /// Slots that the parameters take.
    pub fn param_slots(&self) -> u32 {
        self.shape().func.param_slots
    }

    /// Slots that the results take.
    pub fn result_slots(&self) -> u32 {
        self.shape().func.result_slots
    }
}

#[cfg(test)]
mod tests;
