import type {Domain} from '../domain.ts';
import type {Hypervisor} from '../hypervisor.ts';

/** Handles of one frame of a maptrack table. */
const HANDLES_PER_FRAME = 512;
const MAX_MAPTRACK_FRAMES = 1024;
/** A pin count has mappings that may write in its low half, and those that may only read above it. */
const READER_PIN = 0x1_0000;

const HEADER = [
  '      -------- active --------       -------- shared --------',
  '[ref] localdom mfn      pin          localdom gmfn     flags',
];

/** Entries that others have mapped. @see golden/cli/xl-debug-keys-g.txt */
export const dumpGrantTables = (xen: Hypervisor): string[] => [
  "gnttab_usage_print_all [ key 'g' pressed",
  ...xen.allDomains().flatMap((domain) => [...HEADER, ...tableLines(domain)]),
  'gnttab_usage_print_all ] done',
];

const tableLines = (domain: Domain): string[] => {
  const {grants, maptrack, id} = domain;
  const maptrackFrames = Math.ceil(maptrack.count / HANDLES_PER_FRAME);
  const entries = Array.from(grants.pinnedRefs(), (pinned) => entryLine(domain, pinned));
  return [
    `grant-table for remote d${id} (v${grants.version})`,
    `  ${grants.frames} frames (${grants.maxFrames} max), ${maptrackFrames} maptrack frames (${MAX_MAPTRACK_FRAMES} max)`,
    ...(entries.length > 0 ? entries : ['no active grant table entries']),
  ];
};

const entryLine = (
  {grants, memory}: Domain,
  {ref, writers, readers}: {ref: number; writers: number; readers: number},
): string => {
  const word = grants.entryWord(ref);
  const flags = (memory.u32[word] & 0xffff) | grants.useOf(ref);
  const [peer, frame] = [memory.u32[word] >>> 16, grants.frameAt(word)];
  const local = `${String(peer).padStart(5)} 0x${hex(frame, 6)}`;
  return `[0x${hex(ref, 3)}]  ${local} 0x${hex(readers * READER_PIN + writers, 8)}      ${local} 0x${hex(flags, 2)}`;
};

const hex = (value: number, digits: number): string => value.toString(16).padStart(digits, '0');
