import * as abi from '../abi/memory.ts';
import type {Domain} from '../domain.ts';
import {EFAULT, EINVAL, ENOSYS, ESRCH} from '../errno.ts';
import {DOMID_SELF} from '../ids.ts';
import {releaseFrame} from '../physmap.ts';
import {type Caller, command, type Command, type Hypercall, runCommand} from './hypercall.ts';
import {commandOf} from './memory-extents.ts';
import {addBatch, addOne} from './memory-physmap.ts';
import {decrease, populate} from './memory-reservation.ts';

/** Of an entry of a memory map: u64 address, u64 size, u32 type, packed. @see memory.h, XENMEM_memory_map; ACPI, "E820" */
const E820_ENTRY_BYTES = 20;
/** Entries that a guest may set. */
const MAX_MAP_ENTRIES = 128;

const isSelf = (domain: Domain, domid: number): boolean => domid === DOMID_SELF || domid === domain.id;

const table: Readonly<Record<number, Command>> = {
  [abi.XENMEM_remove_from_physmap]: command(abi.xen_remove_from_physmap, ({domain}, {domid, gpfn}) =>
    isSelf(domain, domid) ? releaseFrame(domain, gpfn) : -ESRCH,
  ),
  [abi.XENMEM_memory_map]: command(abi.xen_memory_map, ({domain, guest}, {nr_entries, buffer}) => {
    const {memoryMap} = domain;
    if (memoryMap === undefined) return -ENOSYS;
    const count = memoryMap.length / E820_ENTRY_BYTES;
    if (nr_entries < count) return -EINVAL;
    return guest.writeBytes(buffer, memoryMap) ? {result: 0, out: {nr_entries: count}} : -EFAULT;
  }),
  [abi.XENMEM_set_memory_map]: command(abi.xen_foreign_memory_map, ({domain, guest}, arg) => {
    if (!isSelf(domain, arg.domid)) return -ESRCH;
    if (arg['map.nr_entries'] > MAX_MAP_ENTRIES) return -EINVAL;
    const entries = guest.readBytes(arg['map.buffer'], arg['map.nr_entries'] * E820_ENTRY_BYTES);
    if (entries === undefined) return -EFAULT;
    domain.memoryMap = entries;
    return 0;
  }),
};

/** Commands that answer a number of pages. */
const sizes: Readonly<Record<number, (caller: Caller) => number>> = {
  [abi.XENMEM_maximum_ram_page]: ({xen}) => xen.totalPages,
  [abi.XENMEM_current_reservation]: ({xen, domain}) => xen.domainTable.get(domain.id)?.totalPages ?? 0,
  [abi.XENMEM_maximum_reservation]: ({xen, domain}) => xen.domainTable.get(domain.id)?.maxPages ?? 0,
  [abi.XENMEM_maximum_gpfn]: ({domain}) => domain.memory.pages - 1,
};

const calls: Readonly<Record<number, Hypercall>> = {
  [abi.XENMEM_add_to_physmap]: addOne,
  [abi.XENMEM_add_to_physmap_batch]: addBatch,
  [abi.XENMEM_decrease_reservation]: decrease,
  [abi.XENMEM_populate_physmap]: populate,
};

/** @see memory.h */
export const memoryOp: Hypercall = (caller, args) => {
  const cmd = commandOf(args);
  const found = table[cmd];
  if (found !== undefined) return runCommand(caller, found, args[1]);
  return calls[cmd]?.(caller, args) ?? sizes[cmd]?.(caller) ?? -ENOSYS;
};
