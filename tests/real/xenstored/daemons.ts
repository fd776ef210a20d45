import {closeSync, constants, openSync, unlinkSync, writeFileSync, writeSync} from 'node:fs';
import {Socket} from 'node:net';
import {join} from 'node:path';
import {connectSocket, listenOnSocket} from '../../../hypervisor/xenstore/socket.ts';
import {GuestRing, Xenstored, type Quota, type RingAccess} from '../../../hypervisor/xenstore/index.ts';
import {startRealXenstored} from '../../../toolstack/performance/real-xenstored.ts';
import {RingFile} from './ring-file.ts';
import type {Daemon} from './side.ts';

/** With what time the daemon has: rate limits are not compared. */
const CLOCK_FACTOR = 1000;
const VIRQ_DOM_EXC = 0xffffffff;

const FLAGS: Partial<Record<keyof Quota, string>> = {
  nodes: '-E',
  recordBytes: '-S',
  watches: '-W',
  transactions: '-t',
  permissions: '-A',
};

/** Debian's C xenstored. */
export async function realDaemon(directory: string, quota: Partial<Quota>): Promise<Daemon> {
  const flags = Object.entries(quota).flatMap(([name, limit]) => [FLAGS[name as keyof Quota]!, String(limit)]);
  const daemon = await startRealXenstored({
    directory,
    // Events stay queued for as long as it takes.
    flags: ['-w', 'watch-event=0', ...flags],
    clockFactor: CLOCK_FACTOR,
  });
  const rings = new Map<number, RingFile>();
  const mode = constants.O_RDWR | constants.O_NONBLOCK;
  const kicks = openSync(join(directory, 'kicks'), mode);
  const kick = (domId: number, port: number): void => void writeSync(kicks, Uint32Array.of(domId, port));
  const notify = new Socket({fd: openSync(join(directory, 'notify'), mode), readable: true, writable: false});
  // Which domain is meant does not matter: to look at a ring in vain is cheap.
  notify.on('data', () => {
    for (const ring of rings.values()) ring.onEvent();
  });
  return {
    openSocket: () => connectSocket(daemon.socketPath),
    createDomain: (domId) => {
      const path = join(directory, `ring${domId}`);
      writeFileSync(path, new Uint8Array(4096));
      writeFileSync(join(directory, `dom${domId}`), '');
      rings.get(domId)?.close();
      const ring = new RingFile(path, () => kick(domId, domId));
      rings.set(domId, ring);
      return ring;
    },
    endDomain: (domId, how) => {
      const path = join(directory, `dom${domId}`);
      if (how === 'gone') unlinkSync(path);
      else writeFileSync(path, 's');
      kick(VIRQ_DOM_EXC, 0);
    },
    // It would tell of the shutdown again when it next looks at all domains.
    resumeDomain: (domId) => writeFileSync(join(directory, `dom${domId}`), ''),
    stop: async () => {
      await daemon.stop();
      notify.destroy();
      closeSync(kicks);
      for (const ring of rings.values()) ring.close();
    },
  };
}

/** Ours, over the same kinds of transport. */
export async function ourDaemon(directory: string, quota: Partial<Quota>): Promise<Daemon> {
  const rings = new Map<number, RingAccess>();
  const store = new Xenstored({
    quota,
    domainExists: (domId) => domId === 0 || rings.has(domId),
    introduceHook: (domId) => rings.get(domId) ?? 'ENOENT',
  });
  const socket = await listenOnSocket(store, join(directory, 'ours'));
  return {
    openSocket: () => connectSocket(socket.path),
    createDomain: (domId) => {
      const bytes = new ArrayBuffer(4096);
      const page = {u8: new Uint8Array(bytes), u32: new Uint32Array(bytes), offset: 0};
      const ring = new GuestRing({page, notify: () => setImmediate(() => store.onEvent(domId))});
      rings.set(domId, {page, notify: () => setImmediate(() => ring.onEvent())});
      return ring;
    },
    endDomain: (domId, how) => {
      if (how === 'shutdown') return store.domainShutdown(domId);
      rings.delete(domId);
      store.domainGone(domId);
    },
    resumeDomain: () => undefined,
    stop: () => socket.close(),
  };
}
