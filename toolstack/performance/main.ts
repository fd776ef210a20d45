import {availableParallelism, totalmem} from 'node:os';
import {type BenchRow, formatRows} from './row.ts';

type Suite = () => BenchRow[] | Promise<BenchRow[]>;

/** Loaded one by one: what one suite leaves in memory should not slow the next. */
const suites: Readonly<Record<string, () => Promise<Suite>>> = {
  block: async () => (await import('./block.ts')).benchBlock,
  scsi: async () => (await import('./scsi.ts')).benchScsi,
  referee: async () => (await import('./referee.ts')).benchReferee,
  ledger: async () => (await import('./ledger.ts')).benchLedger,
  net: async () => (await import('./net.ts')).benchNet,
  bridge: async () => (await import('./bridge.ts')).benchBridge,
  xenstore: async () => (await import('./xenstore.ts')).benchXenstore,
  guests: async () => (await import('./guests.ts')).benchGuests,
  linux: async () => (await import('./linux.ts')).benchLinux,
  'command-line': async () => (await import('./command-line.ts')).benchCommandLine,
};

const asked = process.argv.slice(2);
const unknown = asked.find((name) => !Object.hasOwn(suites, name));
if (unknown !== undefined) {
  console.error(`no benchmark "${unknown}"; there are: ${Object.keys(suites).join(', ')}`);
  process.exit(2);
}

console.log(
  `Node ${process.versions.node}, ${availableParallelism()} cores, ${Math.round(totalmem() / 2 ** 30)} GiB\n`,
);
const rows: BenchRow[] = [];
for (const [name, load] of Object.entries(suites)) {
  if (asked.length > 0 && !asked.includes(name)) continue;
  console.error(`${name} ...`);
  const suite = await load();
  rows.push(...(await suite()));
}
console.log(formatRows(rows));
