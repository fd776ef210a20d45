import {closeSync, constants, copyFileSync, mkdirSync, openSync, readSync, writeFileSync, writeSync} from 'node:fs';
import {join} from 'node:path';
import {connectSocket} from '../../hypervisor/xenstore/socket.ts';
import {realXenstoredMissing} from '../../toolstack/performance/real-xenstored.ts';
import {attacks} from '../../toolstack/conform/attacks/index.ts';
import {clauses} from '../../toolstack/conform/catalogue/index.ts';
import {checks} from '../../toolstack/conform/checks/index.ts';
import type {Iut} from '../../toolstack/conform/iut/iut.ts';
import type {StorePage, StoreUnderTest} from '../../toolstack/conform/iut/store.ts';
import {explanation, formats} from '../../toolstack/conform/report/index.ts';
import {runCheck} from '../../toolstack/conform/run/run-check.ts';
import type {Result} from '../../toolstack/conform/verdict.ts';
import {testWith} from '../support/real.ts';
import {temporaryDirectory} from '../support/temporary.ts';
import {realDaemon} from './xenstored/daemons.ts';
import type {RingFile} from './xenstored/ring-file.ts';

/** What the C daemon of 4.17 does otherwise: docs/conformance.md says why. */
const deviations: readonly string[] = [
  'XS-WIRE-05 xenstored',
  'XS-RING-06 xenstored half a message',
  'XSA-233 xenstored the target first',
];

/** Not offered by it. */
const inconclusive: readonly string[] = ['XS-RING-08 xenstored', 'XS-RING-09 xenstored', 'XS-WATCH-10 xenstored'];

/** A domain's page, which the daemon has mapped, as a file. */
class PageFile implements StorePage {
  events = 0;
  readonly kick: () => void;
  private readonly fd: number;
  private readonly word = new DataView(new ArrayBuffer(4));

  constructor(path: string, kick: () => void) {
    this.fd = openSync(path, 'r+');
    this.kick = kick;
  }

  get(offset: number): number {
    readSync(this.fd, this.word, 0, 4, offset);
    return this.word.getUint32(0, true);
  }

  set(offset: number, value: number): void {
    this.word.setUint32(0, value, true);
    writeSync(this.fd, this.word, 0, 4, offset);
  }

  byte(offset: number): number {
    readSync(this.fd, this.word, 0, 1, offset);
    return this.word.getUint8(0);
  }

  setByte(offset: number, value: number): void {
    this.word.setUint8(0, value);
    writeSync(this.fd, this.word, 0, 1, offset);
  }

  close(): void {
    closeSync(this.fd);
  }
}

testWith(realXenstoredMissing(), 'checks and attacks judge the real xenstored', async (t) => {
  t.timeout(300_000);
  const base = temporaryDirectory(t);
  let runs = 0;
  const openStore = async (): Promise<StoreUnderTest> => {
    const directory = join(base, String(runs++));
    mkdirSync(directory);
    if (runs > 1) copyFileSync(join(base, '0', 'xenshim.so'), join(directory, 'xenshim.so'));
    const daemon = await realDaemon(directory, {});
    const rings = new Map<number, RingFile>();
    const pages: PageFile[] = [];
    const kicks = openSync(join(directory, 'kicks'), constants.O_RDWR | constants.O_NONBLOCK);
    return {
      connect: async (domid) => (domid === 0 ? connectSocket(join(directory, 'socket')) : rings.get(domid)),
      createDomain: (domid) => void rings.set(domid, daemon.createDomain(domid) as RingFile),
      page: (domid) => {
        const page = new PageFile(join(directory, `ring${domid}`), () =>
          writeSync(kicks, Uint32Array.of(domid, domid)),
        );
        rings.get(domid)!.onEvent = () => page.events++;
        pages.push(page);
        return page;
      },
      close: async () => {
        for (const page of pages) page.close();
        closeSync(kicks);
        await daemon.stop();
      },
    };
  };
  const iut: Iut = {name: 'C xenstored 4.17', subjects: ['xenstored'], isOutside: true, openStore};
  const results: Result[] = [];
  const lines: Record<string, string[]> = {pass: [], fail: [], inconclusive: [], error: []};
  for (const check of [...checks, ...attacks].filter(({subject}) => subject === 'xenstored')) {
    const result = await runCheck(check, iut);
    results.push(result);
    lines[result.verdict].push(`${check.name}: ${explanation(result)}`);
  }
  // For .ci/matrix.mjs, before this test judges.
  const file = process.env.PVSIM_CONFORM_REPORT;
  if (file !== undefined)
    writeFileSync(file, formats.json([{iut: iut.name, clauses, checks, results, profiles: [], seed: 1}]));
  t.log(`${lines.pass.length} pass`);
  const names = (all: readonly string[]): string[] => all.map((line) => line.split(':')[0]);
  t.deepEqual(names(lines.fail), deviations, lines.fail.join('\n'));
  t.deepEqual(names(lines.inconclusive), inconclusive, lines.inconclusive.join('\n'));
  t.deepEqual(lines.error, []);
});
