import type {Caller, HypervisorStand} from '../../stand/hypervisor.ts';
import {DOMID_SELF, grant_table_op, GNTTABOP, PAGE_BYTES} from './numbers.ts';
import {setUpTable} from './set-up-table.ts';

const ENTRY_BYTES = 16;
const ENTRIES_PER_FRAME = PAGE_BYTES / ENTRY_BYTES;

/** @see grant_table.h, union grant_entry_v2 */
export interface Entry2 {
  readonly flags: number;
  readonly domid: number;
  /** Word at byte 4: page_off and length, or trans_domid. */
  readonly second?: number;
  /** Low word at byte 8: the frame, or a reference. */
  readonly frame: number;
  readonly high?: number;
}

/** A guest whose table is of version 2, as its kernel sees it. */
export interface Version2Guest {
  readonly caller: Caller;
  set(ref: number, entry: Entry2): void;
  /** Flags of an entry. */
  flags(ref: number): number;
  /** What its status frames say of an entry. */
  status(ref: number): number;
}

/** GNTTABOP_set_version: the result. */
export const setVersion = (stand: HypervisorStand, caller: Caller, version: number): number =>
  stand.call(caller, grant_table_op, GNTTABOP.set_version, [version], 1).result;

/** An x86_32 guest with a table of version 2; inconclusive where there is none. */
export const version2Guest = async (stand: HypervisorStand, frameCount = 1): Promise<Version2Guest> => {
  const caller = await stand.guest();
  return useVersion2(stand, caller, frameCount);
};

export const useVersion2 = (stand: HypervisorStand, caller: Caller, frameCount = 1): Version2Guest => {
  const result = setVersion(stand, caller, 2);
  if (result !== 0) stand.inconclusive(`set_version answers ${result}`);
  const frames = setUpTable(stand, caller, frameCount);
  const list = caller.ops.pages.alloc() ?? stand.inconclusive('no page is free');
  stand.call(caller, grant_table_op, GNTTABOP.get_status_frames, [1, DOMID_SELF, list * PAGE_BYTES], 1);
  const statusFrame = caller.memory.u32[(list * PAGE_BYTES) / 4];
  const {memory, domid} = caller;
  const view = new DataView(memory.u8.buffer, memory.u8.byteOffset);
  const entryAt = (ref: number): number =>
    frames[Math.floor(ref / ENTRIES_PER_FRAME)] * PAGE_BYTES + (ref % ENTRIES_PER_FRAME) * ENTRY_BYTES;
  return {
    caller,
    set: (ref, {flags, domid: peer, second = 0, frame, high = 0}) => {
      stand.note(`d${domid} entry ${ref}: flags ${flags}, domid ${peer}, ${second}, frame ${frame}`);
      const at = entryAt(ref);
      view.setUint32(at + 4, second, true);
      view.setUint32(at + 8, frame, true);
      view.setUint32(at + 12, high, true);
      view.setUint16(at + 2, peer, true);
      view.setUint16(at, flags, true);
    },
    flags: (ref) => view.getUint16(entryAt(ref), true),
    status: (ref) => view.getUint16(statusFrame * PAGE_BYTES + ref * 2, true),
  };
};
