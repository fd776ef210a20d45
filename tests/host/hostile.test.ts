import test, {type ExecutionContext} from 'ava';
import type {Domain, DomId} from '../../hypervisor/index.ts';
import {SyncXs, XsError} from '../../hypervisor/xenstore/index.ts';
import {footprintOf} from '../support/footprint.ts';
import {TestHost} from '../support/host.ts';

/** Guests that break every rule there is, through their own memory and their own connection to the store. */

const DISK = 'disk=["format=raw,vdev=xvda,access=rw,target=ram:1M"]';
const VBD = 'device/vbd/51712';
const VIF = 'device/vif/0';
const PAGE_BYTES = 4096;
/** Gfns of the pages that the builder makes. */
const STORE_GFN = 1;
const CONSOLE_GFN = 2;
/** Byte offsets of indexes and other fields. @see ring.h, xs_wire.h, console.h */
const REQ_PROD = 0;
const RSP_PROD = 8;
const RING_SLOTS = 64;
const XS_REQ_PROD = 2052;
const XS_RSP_CONS = 2056;
const XS_ERROR = 2072;
const CONS_IN_CONS = 3072;
const CONS_OUT_PROD = 3084;

/** The offender from the outside: its memory, its ports and its rights in the store. */
class Offender {
  readonly host: TestHost;
  readonly domain: Domain;
  /** With the rights of the guest. */
  readonly xs: SyncXs;

  constructor(host: TestHost, domid: DomId) {
    const domain = host.host.xen.domain(domid);
    if (domain === undefined) throw new Error('no domain');
    this.host = host;
    this.domain = domain;
    this.xs = new SyncXs(host.host.store.connectInProcess(domid));
  }

  get home(): string {
    return `/local/domain/${this.domain.id}`;
  }

  /** Byte offset in the guest's memory of the page behind a grant that a node names. */
  granted(node: string): number {
    const {grants, memory} = this.domain;
    return memory.u32[grants.entryWord(this.number(node)) + 1] * PAGE_BYTES;
  }

  number(node: string): number {
    return Number(this.xs.read(`${this.home}/${node}`));
  }

  word(byteOffset: number, value?: number): number {
    const {u32} = this.domain.memory;
    if (value !== undefined) u32[byteOffset >>> 2] = value;
    return u32[byteOffset >>> 2];
  }

  fill(byteOffset: number, length: number): void {
    const {random} = this.host.host.clock;
    const {u32} = this.domain.memory;
    for (let at = byteOffset; at < byteOffset + length; at += 4) u32[at >>> 2] = random.call(this.host.host.clock);
  }

  kick(port: number): void {
    this.host.host.xen.eventChannels.send(this.domain, port);
  }

  /** As the guest; whatever the store answers. */
  write(node: string, value: string): void {
    this.attempt(() => this.xs.write(`${this.home}/${node}`, value));
  }

  attempt(step: () => void): void {
    try {
      step();
    } catch (error) {
      if (!(error instanceof XsError)) throw error;
    }
  }

  /** Names of the nodes that it may list. */
  listing(node: string): string[] | undefined {
    let names: string[] | undefined;
    this.attempt(() => (names = this.xs.directory(`${this.home}/${node}`)));
    return names;
  }

  /** What stands in the backend's error node. */
  error(type: string, devid: number): Promise<string | undefined> {
    return this.host.read(`/local/domain/0/error/backend/${type}/${this.domain.id}/${devid}/error`);
  }

  backState(type: string, devid: number): Promise<string | undefined> {
    return this.host.read(`/local/domain/0/backend/${type}/${this.domain.id}/${devid}/state`);
  }
}

interface Attack {
  readonly title: string;
  readonly act: (offender: Offender) => void | Promise<void>;
  /** What has become of the offender. */
  readonly check?: (t: ExecutionContext, offender: Offender) => void | Promise<void>;
}

/** Claims more requests than a ring holds. */
const overrun = (offender: Offender, ring: string, port: string): void => {
  const at = offender.granted(ring);
  offender.word(at + REQ_PROD, offender.word(at + RSP_PROD) + 1000);
  offender.kick(offender.number(port));
};

/** Fills a ring with random requests, again and again. */
const scribble = async (offender: Offender, ring: string, port: string, slots: number): Promise<void> => {
  const at = offender.granted(ring);
  for (let round = 0; round < RING_SLOTS; round++) {
    offender.fill(at + 64, PAGE_BYTES - 64);
    offender.word(at + REQ_PROD, offender.word(at + RSP_PROD) + slots);
    offender.kick(offender.number(port));
    await offender.host.settle(1e6);
  }
};

const closedWith =
  (type: string, devid: number, reason: RegExp): Attack['check'] =>
  async (t, offender) => {
    t.regex((await offender.error(type, devid)) ?? '', reason);
    t.regex((await offender.backState(type, devid)) ?? '', /^[56]$/);
  };

const NONSENSE = ['', '4294967295', '4294967296', '-1', '0', '99', 'abc', '1e3', '\u0001', ' 3', 'x'.repeat(2000)];

const attacks: readonly Attack[] = [
  {
    title: 'overruns its disk ring',
    act: (offender) => overrun(offender, `${VBD}/ring-ref`, `${VBD}/event-channel`),
    check: closedWith('vbd', 51712, /ring over-run/),
  },
  {
    title: 'fills its disk ring with garbage',
    act: (offender) => scribble(offender, `${VBD}/ring-ref`, `${VBD}/event-channel`, 32),
  },
  {
    title: 'overruns its transmit ring',
    act: (offender) => overrun(offender, `${VIF}/tx-ring-ref`, `${VIF}/event-channel-tx`),
    check: closedWith('vif', 0, /more transmit requests than the ring holds/),
  },
  {
    title: 'overruns its receive ring',
    act: (offender) => overrun(offender, `${VIF}/rx-ring-ref`, `${VIF}/event-channel-rx`),
  },
  {
    title: 'fills its transmit ring with garbage',
    act: (offender) => scribble(offender, `${VIF}/tx-ring-ref`, `${VIF}/event-channel-tx`, 256),
  },
  {
    title: 'fills its receive ring with garbage',
    act: (offender) => scribble(offender, `${VIF}/rx-ring-ref`, `${VIF}/event-channel-rx`, 256),
  },
  {
    title: 'clears its grant table under its devices',
    act: async (offender) => {
      const {grants, memory} = offender.domain;
      for (const at of grants.offsets) memory.u8.fill(0, at, at + PAGE_BYTES);
      await scribble(offender, `${VBD}/ring-ref`, `${VBD}/event-channel`, 32).catch(() => undefined);
    },
  },
  {
    title: 'fills its grant table with garbage',
    act: async (offender) => {
      const ring = offender.granted(`${VBD}/ring-ref`);
      for (const at of offender.domain.grants.offsets) offender.fill(at, PAGE_BYTES);
      offender.word(ring + REQ_PROD, offender.word(ring + RSP_PROD) + 32);
      offender.kick(offender.number(`${VBD}/event-channel`));
      await offender.host.shell(offender.domain.id, 'sha256sum /dev/xvda; ping -c 3 10.0.0.2', 5e9);
    },
  },
  {
    title: 'corrupts the indexes of its console',
    act: (offender) => {
      offender.word(CONSOLE_GFN * PAGE_BYTES + CONS_OUT_PROD, 0x7fff_ffff);
      offender.word(CONSOLE_GFN * PAGE_BYTES + CONS_IN_CONS, 0x7fff_ffff);
      offender.kick(2);
    },
    check: (t, {host, domain}) => {
      const console = host.host.consoles.guest(domain.id);
      t.is(console?.state, 'closed');
      t.regex(console?.closeReason ?? '', /indexes are corrupt/);
    },
  },
  {
    title: 'corrupts the indexes of its store ring',
    act: (offender) => {
      offender.word(STORE_GFN * PAGE_BYTES + XS_REQ_PROD, 0x7fff_ffff);
      offender.word(STORE_GFN * PAGE_BYTES + XS_RSP_CONS, 0x7fff_ffff);
      offender.kick(1);
    },
    check: (t, offender) => void t.not(offender.word(STORE_GFN * PAGE_BYTES + XS_ERROR), 0),
  },
  {
    title: 'sends garbage over its store ring',
    act: async (offender) => {
      for (let round = 0; round < 20; round++) {
        offender.fill(STORE_GFN * PAGE_BYTES, 1024);
        const at = STORE_GFN * PAGE_BYTES + XS_REQ_PROD;
        offender.word(at, offender.word(at) + 1024);
        offender.kick(1);
        await offender.host.settle(1e6);
      }
    },
    check: (t, offender) => void t.not(offender.word(STORE_GFN * PAGE_BYTES + XS_ERROR), 0),
  },
  {
    title: 'scribbles over its shared_info',
    act: (offender) => offender.fill(offender.domain.sharedInfoGfn * PAGE_BYTES, PAGE_BYTES),
  },
  {
    title: 'fills all of its memory with garbage',
    act: async (offender) => {
      offender.fill(0, offender.domain.memory.u8.length);
      for (let port = 0; port < 16; port++) offender.kick(port);
      await offender.host.shell(offender.domain.id, 'sha256sum /dev/xvda; ping -c 3 10.0.0.2', 5e9);
    },
  },
  {
    title: 'clears all of its memory',
    act: async (offender) => {
      offender.domain.memory.u8.fill(0);
      for (let port = 0; port < 16; port++) offender.kick(port);
      await offender.host.shell(offender.domain.id, 'sha256sum /dev/xvda; ping -c 3 10.0.0.2', 5e9);
    },
  },
  {
    title: 'writes nonsense anywhere below its devices',
    act: async (offender) => {
      const {clock} = offender.host.host;
      const pick = <T>(from: readonly T[]): T => from[clock.random() % from.length];
      const values = [...NONSENSE, '1', '2', '3', '4', '5', '6', '/local/domain/0/backend/vbd/1/51712'];
      for (let i = 0; i < 1000; i++) {
        const node = pick([VBD, VIF, 'console', 'device/vbd/51728', 'device/vif/7', 'device/nosuch/0']);
        const key = pick([...(offender.listing(node) ?? []), 'state', 'backend', 'backend-id', 'more']);
        if (i % 20 === 0) offender.attempt(() => offender.xs.rm(`${offender.home}/${node}/${key}`));
        else offender.write(`${node}/${key}`, pick(values));
        if (i % 10 === 0) await offender.host.settle(1e6);
      }
    },
  },
  {
    title: 'writes nonsense for its states',
    act: async (offender) => {
      for (const node of [VBD, VIF]) {
        for (const value of [...NONSENSE, '1', '2', '3', '4', '5', '6', '7', '8']) {
          offender.write(`${node}/state`, value);
          await offender.host.settle(1e6);
        }
      }
    },
  },
  {
    title: 'jumps between states without waiting',
    act: (offender) => {
      for (let i = 0; i < 500; i++) {
        for (const node of [VBD, VIF]) offender.write(`${node}/state`, String(offender.host.host.clock.random() % 9));
      }
    },
  },
  ...[
    [
      VBD,
      'vbd',
      51712,
      ['ring-ref', 'event-channel', 'protocol', 'ring-page-order', 'multi-queue-num-queues'],
    ] as const,
    [
      VIF,
      'vif',
      0,
      ['tx-ring-ref', 'rx-ring-ref', 'event-channel-tx', 'event-channel-rx', 'multi-queue-num-queues'],
    ] as const,
  ].map(([node, type, devid, keys]): Attack => ({
    title: `connects its ${type} again with nonsense for rings and ports`,
    act: async (offender) => {
      // Its own driver would mend what we break.
      offender.host.host.pause(offender.domain.id);
      for (const key of keys) {
        for (const value of NONSENSE) {
          const good = offender.xs.read(`${offender.home}/${node}/${key}`);
          for (const state of ['6', '1']) {
            offender.write(`${node}/state`, state);
            await offender.host.settle(1e6);
          }
          offender.write(`${node}/${key}`, value);
          for (const state of ['3', '4']) {
            offender.write(`${node}/state`, state);
            await offender.host.settle(1e6);
          }
          offender.write(`${node}/${key}`, good ?? '0');
        }
      }
      for (const key of keys) offender.write(`${node}/${key}`, 'nonsense');
      for (const state of ['6', '1', '3', '4']) {
        offender.write(`${node}/state`, state);
        await offender.host.settle(1e6);
      }
    },
    check: closedWith(type, devid, /nonsense/),
  })),
  {
    title: 'removes its device directories',
    act: (offender) => {
      for (const node of [VBD, VIF, 'device', 'control', 'data', '']) {
        offender.attempt(() => offender.xs.rm(`${offender.home}/${node}`.replace(/\/$/, '')));
      }
    },
    check: async (t, offender) => {
      t.is(await offender.backState('vbd', 51712), '6');
      t.is(await offender.host.read(`${offender.home}/name`), 'offender', 'which it may not remove');
    },
  },
  {
    title: 'points its frontends at the devices of another guest',
    act: (offender) => {
      for (const [node, type] of [
        [VBD, 'vbd/1/51712'],
        [VIF, 'vif/1/0'],
      ]) {
        offender.write(`${node}/backend`, `/local/domain/0/backend/${type}`);
        offender.write(`${node}/backend-id`, '1');
        offender.write(`${node}/state`, '6');
        offender.write(`${node}/state`, '1');
      }
    },
  },
  {
    title: 'fills the store with all that its quota allows',
    act: (offender) => {
      for (let i = 0; i < 3000; i++) offender.write(`data/${i}`, 'x'.repeat(i));
    },
    check: (t, offender) => void t.true((offender.xs.directory(`${offender.home}/data`)?.length ?? 0) <= 1000),
  },
  {
    title: 'kicks all of its ports without end',
    act: async (offender) => {
      for (let round = 0; round < 20; round++) {
        for (let i = 0; i < 500; i++) offender.kick(i % 16);
        await offender.host.settle(1e5);
      }
    },
  },
];

/** Of dom0's tree, all but the reasons that its backends wrote: they outlive their domains on a real host, too. */
const leftOf = (host: TestHost): unknown => {
  const {store, ...rest} = footprintOf(host);
  return {...rest, store: store.filter((line) => !line.startsWith('/local/domain/0/error'))};
};

for (const {title, act, check} of attacks) {
  test(`a guest that ${title} hurts only itself`, async (t) => {
    const host = await TestHost.start();
    t.teardown(() => host.close());
    const bystander = await host.boot('bystander', `${DISK}\nvif=[""]\nextra="ip=10.0.0.2/24"`);
    // As many pages as its requests need stay mapped from now on.
    await host.shell(bystander, 'sha256sum /dev/xvda', 3e9);
    // Directories that stay once they are made.
    await host.host.destroy(await host.boot('first', `${DISK}\nvif=[""]`));
    const before = leftOf(host);
    const offender = new Offender(host, await host.boot('offender', `${DISK}\nvif=[""]\nextra="ip=10.0.0.1/24"`));

    const from = host.consoleText(bystander).length;
    await host.startWork(bystander, 'dd if=/dev/xvda of=/dev/xvda bs=512; ping -c 3 10.0.0.254');
    t.notRegex(host.consoleText(bystander), /copied/, 'it is at work');
    await act(offender);
    await host.settle(5e9);

    const text = host.consoleText(bystander).slice(from);
    t.regex(text, /^1048576 bytes .* copied/m, 'the disk of others is served');
    t.regex(text, /3 received, 0% packet loss/, 'the network of others is served');
    await check?.(t, offender);
    t.regex(await host.shell(bystander, 'sha256sum /dev/xvda', 3e9), /^[0-9a-f]{64} {2}\/dev\/xvda$/m);
    t.deepEqual(
      host.log.filter((line) => /error/i.test(line)),
      [],
    );

    await host.host.destroy(offender.domain.id);
    await host.settle();
    t.deepEqual(leftOf(host), before);
  });
}
