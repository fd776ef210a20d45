import type {Domain} from '../../../hypervisor/index.ts';
import {inEachDomain, inHypervisor, instead} from './host.ts';

const GTF_readonly = 4;
const GTF_reading = 8;
const GTF_writing = 16;
const GTF_sub_page = 256;
const PAGE_WORDS = 1024;

/** Takes every table for one of entries of 8 bytes. */
export const strides8 = inEachDomain('has entries of 8 bytes in version 2', ({grants}) =>
  instead(grants, 'entryWord', (real, ref) => real(0) + ref * 2),
);

export const takesSecondWord = inEachDomain('takes the frame from where version 1 has it', ({grants, memory}) =>
  instead(grants, 'frameAt', (_real, word) => memory.u32[word + 1]),
);

export const ignoresHighFrame = inEachDomain('takes the low half of a frame number', ({grants, memory}) =>
  instead(grants, 'frameAt', (_real, word) => memory.u32[word + (grants.version === 1 ? 1 : 2)]),
);

/** As in version 1. */
export const flagsInEntry = inEachDomain('sets reading and writing in the flags of version 2', ({grants, memory}) =>
  instead(grants, 'pin', (real, ref, ...rest) => {
    real(ref, ...rest);
    memory.u32[grants.entryWord(ref)] |= GTF_reading;
  }),
);

export const noStatus = inEachDomain('leaves the status frames alone', ({grants}) =>
  instead(grants, 'pin', (real, ref, ...rest) => {
    real(ref, ...rest);
    grants.status?.clear(ref, GTF_reading | GTF_writing);
  }),
);

export const keepsStatus = inEachDomain('does not clear the status', ({grants}) =>
  instead(grants, 'unpin', (real, ref, writable) => {
    real(ref, writable);
    grants.status?.set(ref, GTF_reading);
  }),
);

/** Changes the words of a source entry while it is copied from. */
const copiesWith = (name: string, change: (entry: Uint32Array) => void): ReturnType<typeof inHypervisor> =>
  inHypervisor(name, (xen) =>
    instead(xen.grants, 'copy', (real, caller, src, srcRef, ...rest) => {
      const granter = xen.domain(src);
      const run = (): number => real(caller, src, srcRef, ...rest);
      if (granter?.grants.version !== 2 || srcRef >= granter.grants.entries) return run();
      const word = granter.grants.entryWord(srcRef);
      const entry = granter.memory.u32.subarray(word, word + 4);
      const kept = entry.slice();
      change(entry);
      const result = run();
      entry.set(kept);
      return result;
    }),
  );

export const copiesWholePages = copiesWith('copies past a part of a page', (entry) => (entry[0] &= ~GTF_sub_page));

export const copiesFromStart = copiesWith('takes a part for one at the start of its page', (entry) => {
  if ((entry[0] & GTF_sub_page) !== 0) entry[1] &= 0xffff_0000;
});

/** Does not hold to what the second of two grants says. */
export const passesWrites = inHypervisor('writes through a readonly grant that was passed on', (xen) =>
  instead(xen.grants, 'copy', (real, ...args) => {
    const touched: [Domain, number][] = [];
    for (const domain of xen.allDomains()) {
      const {grants, memory} = domain;
      for (let ref = 0; ref < grants.entries; ref++) {
        const word = grants.entryWord(ref);
        if ((memory.u32[word] & GTF_readonly) === 0) continue;
        touched.push([domain, word]);
        memory.u32[word] &= ~GTF_readonly;
      }
    }
    const result = real(...args);
    for (const [{memory}, word] of touched) memory.u32[word] |= GTF_readonly;
    return result;
  }),
);

/** Keeps what stood in the first frame from entry `firstWord` / 2 on. */
export const keepsEntries = inHypervisor('leaves entries when the version changes', (xen) =>
  instead(xen.grants, 'setVersion', (real, caller, version) => {
    const {grants, memory} = caller;
    const from = grants.offsets[0] / 4;
    const kept = memory.u32.slice(from, from + PAGE_WORDS);
    const result = real(caller, version);
    for (let i = PAGE_WORDS / 8; i < PAGE_WORDS; i++) memory.u32[from + i] ||= kept[i];
    return result;
  }),
);

export const dropsReserved = inHypervisor('clears the reserved entries, too', (xen) =>
  instead(xen.grants, 'setVersion', (real, caller, version) => {
    const result = real(caller, version);
    const from = caller.grants.offsets[0] / 4;
    caller.memory.u32.fill(0, from, from + PAGE_WORDS);
    return result;
  }),
);

export const forgetsUse = inHypervisor('forgets who uses the reserved entries', (xen) =>
  instead(xen.grants, 'setVersion', (real, caller, version) => {
    const result = real(caller, version);
    const {grants, memory} = caller;
    for (let ref = 0; ref < 8; ref++) {
      memory.u32[grants.entryWord(ref)] &= ~(GTF_reading | GTF_writing);
      grants.status?.clear(ref, GTF_reading | GTF_writing);
    }
    return result;
  }),
);

export const swapsNothing = inHypervisor('exchanges nothing', (xen) =>
  instead(xen.grants, 'swapRefs', (real, caller, refA, refB) => {
    const result = real(caller, refA, refB);
    return result === 0 ? real(caller, refA, refB) : result;
  }),
);
