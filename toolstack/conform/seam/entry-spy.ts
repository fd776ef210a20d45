import type {Domain} from '../../../hypervisor/index.ts';

const PAGE_WORDS = 1024;
const ENTRY_WORDS = 2;
const ENTRIES_PER_FRAME = PAGE_WORDS / ENTRY_WORDS;

/** A word of a grant entry: 0 is domid and flags, 1 is the frame. */
export type EntryWrite = (ref: number, word: 0 | 1, value: number) => void;

/** Tells of each write to the domain's grant entries, by whomever, just before it happens. */
export const watchEntries = ({memory, grants}: Domain, onWrite: EntryWrite): void => {
  const words = memory.u32;
  memory.u32 = new Proxy(words, {
    get: (target, key) => {
      const value: unknown = Reflect.get(target, key, target);
      return typeof value === 'function' ? (value as () => unknown).bind(target) : value;
    },
    set: (target, key, value: number) => {
      const index = Number(key);
      const frame = grants.offsets.findIndex((offset) => Math.floor((index * 4 - offset) / 4096) === 0);
      if (frame >= 0) {
        const at = index % PAGE_WORDS;
        onWrite(frame * ENTRIES_PER_FRAME + (at >> 1), (at & 1) as 0 | 1, value >>> 0);
      }
      target[index] = value;
      return true;
    },
  });
};
