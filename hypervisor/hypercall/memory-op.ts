import * as abi from '../abi/memory.ts';
import type {Domain} from '../domain.ts';
import {EFAULT, EINVAL, ENOSYS, ESRCH} from '../errno.ts';
import {DOMID_SELF} from '../ids.ts';
import {mapGrantFrame, mapSharedInfo, releaseFrame} from '../physmap.ts';
import {type Caller, command, type Command, type Hypercall, runCommand} from './hypercall.ts';
import {reservations} from './memory-reservation.ts';

/** Bits of the command number behind the command: where a call that was interrupted goes on. */
const COMMAND_MASK = 0x3f;
/** Of an entry of a memory map: u64 address, u64 size, u32 type, packed. @see memory.h, XENMEM_memory_map; ACPI, "E820" */
const E820_ENTRY_BYTES = 20;
/** Entries that a guest may set. */
const MAX_MAP_ENTRIES = 128;

type Space = (domain: Domain, index: number, gfn: number) => number;

const spaces: Readonly<Record<number, Space>> = {
  [abi.XENMAPSPACE_shared_info]: (domain, _index, gfn) => mapSharedInfo(domain, gfn),
  [abi.XENMAPSPACE_grant_table]: mapGrantFrame,
};

const isSelf = (domain: Domain, domid: number): boolean => domid === DOMID_SELF || domid === domain.id;

const addToPhysmap = (domain: Domain, domid: number, space: number, index: number, gfn: number): number => {
  if (!isSelf(domain, domid)) return -ESRCH;
  return spaces[space]?.(domain, index, gfn) ?? -EINVAL;
};

const table: Readonly<Record<number, Command>> = {
  [abi.XENMEM_add_to_physmap]: command(abi.xen_add_to_physmap, ({domain}, {domid, space, idx, gpfn}) =>
    addToPhysmap(domain, domid, space, idx, gpfn),
  ),
  [abi.XENMEM_add_to_physmap_batch]: command(abi.xen_add_to_physmap_batch, ({domain, guest}, arg) => {
    const {domid, space, size, idxs, gpfns, errs} = arg;
    const indexes = guest.readWords(idxs, size);
    const frames = guest.readWords(gpfns, size);
    if (indexes === undefined || frames === undefined) return -EFAULT;
    const results = indexes.map((index, i) => addToPhysmap(domain, domid, space, index, frames[i]));
    return guest.writeWords(errs, results) ? 0 : -EFAULT;
  }),
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

/** @see memory.h */
export const memoryOp: Hypercall = (caller, args) => {
  const cmd = args[0] & COMMAND_MASK;
  const found = table[cmd];
  if (found !== undefined) return runCommand(caller, found, args[1]);
  return reservations[cmd]?.(caller, args) ?? sizes[cmd]?.(caller) ?? -ENOSYS;
};
