import {mkdtempSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import test, {type ExecutionContext} from 'ava';
import {readFixture} from '../support/fixtures.ts';
import {type Handshake, HandshakeRecorder, parseHandshake, type StoreOp, type Unit} from '../support/handshake.ts';
import {isOneSided, mayDiffer} from './golden-differences.ts';
import {GOLDEN_DIR, GOLDEN_UUIDS, GoldenGuest} from './golden-guest.ts';

interface Step {
  name: string;
  /** Log file, and the domains it tells of. */
  log: string;
  domids: readonly number[];
  uuid: keyof typeof GOLDEN_UUIDS;
  act: (guest: GoldenGuest) => Promise<void>;
}

const steps: readonly Step[] = [
  {
    name: 'create, paused',
    log: 'create-paused',
    domids: [1],
    uuid: 'first',
    act: (guest) => guest.create(GOLDEN_UUIDS.first, {paused: true}),
  },
  {name: 'boot', log: 'unpause', domids: [1], uuid: 'first', act: (guest) => guest.unpause()},
  {name: 'block-attach', log: 'block-attach', domids: [1], uuid: 'first', act: (guest) => guest.attachDisk()},
  {name: 'block-detach', log: 'block-detach', domids: [1], uuid: 'first', act: (guest) => guest.detachDisk()},
  {name: 'network-attach', log: 'network-attach', domids: [1], uuid: 'first', act: (guest) => guest.attachVif()},
  {name: 'network-detach', log: 'network-detach', domids: [1], uuid: 'first', act: (guest) => guest.detachVif()},
  {
    name: 'block-attach again',
    log: 'block-attach-again',
    domids: [1],
    uuid: 'first',
    act: (guest) => guest.attachDisk(),
  },
  // There the guest had it mounted, which made no difference.
  {
    name: 'block-detach, busy',
    log: 'block-detach-busy',
    domids: [1],
    uuid: 'first',
    act: (guest) => guest.detachDisk(),
  },
  {
    name: 'rename',
    log: 'rename',
    domids: [1],
    uuid: 'first',
    act: async ({host, domid}) => {
      // The recording goes on with a name that is taken, which writes nothing, and with the name that it has.
      for (const name of ['golden2', 'golden']) await host.host.rename(domid, name);
      await host.host.rename(domid, 'Domain-0').catch(() => undefined);
      await host.host.rename(domid, 'golden');
    },
  },
  {
    name: 'mem-set',
    log: 'mem-set',
    domids: [1],
    uuid: 'first',
    act: async ({host: {host}, domid}) => {
      for (const mib of [200, 256]) await host.setMemoryTarget(domid, mib * 1024);
      await host.setMemoryTarget(domid, 99999 * 1024).catch(() => undefined);
      await host.setMaxMemory(domid, 300 * 1024);
    },
  },
  {
    name: 'sysrq',
    log: 'sysrq',
    domids: [1],
    uuid: 'first',
    act: async ({host, domid}) => {
      await host.host.sendSysrq(domid, 'h');
      await host.settle();
    },
  },
  {name: 'poweroff', log: 'poweroff', domids: [1], uuid: 'first', act: (guest) => guest.powerOff()},
  {name: 'reboot', log: 'reboot', domids: [2, 3], uuid: 'second', act: (guest) => guest.reboot()},
  {name: 'destroy', log: 'destroy', domids: [4], uuid: 'second', act: (guest) => guest.destroy()},
];

const directory = mkdtempSync(join(tmpdir(), 'pvsim-golden-'));
const ours = new Map<string, Handshake>();
const golden = new Map<string, Handshake>();

test.before('a guest goes through its life', async (t) => {
  const recorder = new HandshakeRecorder();
  const guest = await GoldenGuest.start(directory);
  const {host} = guest.host;
  host.xen.trace.addSink(recorder.record);
  host.store.events$.subscribe((events) => {
    for (const {connection, path} of events) if (connection === 'dom0' && path === '@releaseDomain') recorder.release();
  });
  const releases = host.xs.watch('@releaseDomain').subscribe();
  for (const {name, log, domids, uuid, act} of steps) {
    const names = {domids, uuid: GOLDEN_UUIDS[uuid]};
    golden.set(name, parseHandshake(readFixture('golden', 'handshake', `${log}.log`), names));
    if (name === 'reboot') {
      await guest.create(GOLDEN_UUIDS.second);
      await guest.connected();
    }
    recorder.take(names);
    const {domid} = guest;
    await act(guest);
    // A step that makes a domain makes the next one.
    const own = domids.length > 1 ? [domid, guest.domid] : [guest.domid];
    ours.set(name, recorder.take({...names, domids: own}));
  }
  releases.unsubscribe();
  await guest.host.close();
  t.pass();
});

test.after.always('its images go', () => rmSync(directory, {recursive: true}));

type Side = 'golden' | 'ours';
const sides = {golden, ours};
const handshake = (side: Side, step: string): Handshake => {
  const found = sides[side].get(step);
  if (found === undefined) throw new Error(`no step ${step}`);
  return found;
};

/** Permissions are compared in golden-tree.test.ts. */
const changing = new Set(['WRITE', 'MKDIR', 'RM']);

/** Requests that changed something, as text; values that may differ are `*`. */
const changes = (side: Side, {ops}: Pick<Unit, 'ops'>): string[] =>
  ops
    .filter(({type, ok, path}) => ok && changing.has(type) && !isOneSided(side, path))
    // xl makes room for what it is about to write.
    .filter(({type, path}, i, all) => type !== 'RM' || !all.slice(i + 1).some((later) => later.path.startsWith(path)))
    .map(({type, path, value}) => {
      if (type !== 'WRITE') return `${type} ${path}`;
      return `WRITE ${path} = ${mayDiffer(path) ? '*' : value.replaceAll(directory, GOLDEN_DIR)}`;
    });

/** The units of one program, but for those that changed nothing. */
const unitsOf = (side: Side, step: string, actor: string): string[][] =>
  handshake(side, step)
    .units.filter((unit) => unit.actor === actor)
    .map((unit) => [unit.transaction ? 'transaction' : 'single', ...changes(side, unit)])
    .filter(({length}) => length > 1);

/** Writes that libxl makes twice; the second changes nothing. */
const written = ['WRITE /vm/UUID/name = golden', 'WRITE /libxl/N/dm-version = qemu_xen'];
written.push(...written.map((line) => line.replace('/N/', '/M/')));

const withoutRepeats = (units: string[][]): string[][] => {
  if (!units.flat().includes('WRITE /libxl/N = ') && !units.flat().includes('WRITE /libxl/M = ')) return units;
  const seen = new Set<string>();
  const isRepeat = (line: string): boolean => written.includes(line) && seen.size === seen.add(line).size;
  return units.map((unit) => unit.filter((line) => !isRepeat(line))).filter(({length}) => length > 1);
};

/** Steps in which xl writes, and from which on the log is another step's. */
const toolstackSteps: Readonly<Record<string, number | undefined>> = {
  'create, paused': undefined,
  'block-attach': undefined,
  'block-detach': undefined,
  'network-attach': undefined,
  'network-detach': undefined,
  'block-attach again': undefined,
  'block-detach, busy': undefined,
  rename: undefined,
  'mem-set': undefined,
  sysrq: undefined,
  // The last two transactions and the domain's own nodes are in a part of the log that was not kept.
  poweroff: 4,
  reboot: undefined,
  destroy: undefined,
};

for (const [step, length] of Object.entries(toolstackSteps)) {
  test(`${step}: xl's transactions, and what each writes and removes in order`, (t) => {
    const recorded = withoutRepeats(unitsOf('golden', step, 'toolstack'));
    if (length !== undefined) t.is(recorded.length, length);
    t.true(recorded.length > 0);
    t.deepEqual(unitsOf('ours', step, 'toolstack').slice(0, length), recorded);
  });
}

/** Writes and removals of one program in order, below one directory. */
const ordered = (side: Side, step: string, actor: string, prefix: string): string[] =>
  changes(side, {
    ops: handshake(side, step)
      .units.flatMap(({ops}) => ops)
      .filter((op) => op.actor === actor && op.path.startsWith(`${prefix}/`)),
  });

const VBD = {front: '/local/domain/N/device/vbd/51712', back: '/local/domain/0/backend/vbd/N/51712'};
const VIF = {front: '/local/domain/N/device/vif/0', back: '/local/domain/0/backend/vif/N/0'};
const VBD2 = {front: '/local/domain/N/device/vbd/51728', back: '/local/domain/0/backend/vbd/N/51728'};
const VIF2 = {front: '/local/domain/N/device/vif/1', back: '/local/domain/0/backend/vif/N/1'};

const deviceSteps: readonly (readonly [step: string, device: typeof VBD])[] = [
  ['create, paused', VBD],
  ['create, paused', VIF],
  ['boot', VBD],
  ['boot', VIF],
  ['block-attach', VBD2],
  ['block-detach', VBD2],
  ['block-attach again', VBD2],
  ['block-detach, busy', VBD2],
  ['network-attach', VIF2],
  ['network-detach', VIF2],
  ['poweroff', VBD],
  ['poweroff', VIF],
  ['reboot', VBD],
  ['reboot', VIF],
  ['destroy', VBD],
  ['destroy', VIF],
];

for (const [step, device] of deviceSteps) {
  for (const actor of ['guest', 'dom0-kernel', 'hotplug']) {
    test(`${step}: what ${actor} writes of ${device.front.slice(16)}, in order`, (t) => {
      const all = (side: Side): string[] =>
        [device.front, device.back].flatMap((path) => ordered(side, step, actor, path));
      t.deepEqual(all('ours'), all('golden'));
    });
  }
}

/** Who wrote which state of which end: "guest: front 3". */
const states = (side: Side, step: string, {front, back}: typeof VBD): string[] =>
  handshake(side, step).timeline.flatMap((op) => {
    if (op === '@releaseDomain' || op.type !== 'WRITE') return [];
    if (op.path === `${front}/state`) return [`${op.actor}: front ${op.value}`];
    return op.path === `${back}/state` ? [`${op.actor}: back ${op.value}`] : [];
  });

/** Golden README, "What to match", 1, 2, 4, 5 and 6: written down here once more. */
const stateTable: readonly (readonly [step: string, device: typeof VBD, states: string])[] = [
  ['create, paused', VBD, 'toolstack: front 1, toolstack: back 1, dom0-kernel: back 2'],
  ['create, paused', VIF, 'toolstack: front 1, toolstack: back 1, dom0-kernel: back 2'],
  ['boot', VBD, 'guest: front 3, dom0-kernel: back 4, guest: front 4'],
  ['boot', VIF, 'guest: front 4, dom0-kernel: back 4'],
  [
    'block-attach',
    VBD2,
    'toolstack: front 1, toolstack: back 1, dom0-kernel: back 2, guest: front 3, dom0-kernel: back 4, guest: front 4',
  ],
  [
    'network-attach',
    VIF2,
    'toolstack: front 1, toolstack: back 1, dom0-kernel: back 2, guest: front 4, dom0-kernel: back 4',
  ],
  ['block-detach', VBD2, 'toolstack: back 5, guest: front 6, dom0-kernel: back 6'],
  ['network-detach', VIF2, 'toolstack: back 5, guest: front 6, dom0-kernel: back 5, dom0-kernel: back 6'],
  ['poweroff', VIF, 'guest: front 5, dom0-kernel: back 5, guest: front 6, dom0-kernel: back 6'],
  ['poweroff', VBD, 'guest: front 5, dom0-kernel: back 5, guest: front 6, dom0-kernel: back 6'],
  ['destroy', VBD, 'toolstack: back 5, dom0-kernel: back 6'],
  ['destroy', VIF, 'toolstack: back 5, dom0-kernel: back 5, dom0-kernel: back 6'],
];

for (const [step, device, expected] of stateTable) {
  test(`${step}: states of both ends of ${device.front.slice(16)}`, (t) => {
    t.is(states('golden', step, device).join(', '), expected);
    t.is(states('ours', step, device).join(', '), expected);
  });
}

const isState = ({path}: StoreOp): boolean => /\/(device|backend)\/.*\/state$/.test(path);

for (const side of ['golden', 'ours'] as const) {
  test(`${side}: each state stands alone in a transaction that reads it first`, (t) => {
    const drivers = new Set(['guest', 'dom0-kernel']);
    let checked = 0;
    for (const {units} of sides[side].values()) {
      for (const {actor, transaction, ops} of units) {
        const write = ops.find((op) => op.type === 'WRITE' && isState(op));
        if (write === undefined || !drivers.has(actor)) continue;
        t.true(transaction, write.path);
        const relevant = ops.filter((op) => op.type !== 'DIRECTORY' && (op.type === 'WRITE' || op.path === write.path));
        t.deepEqual(
          relevant.map(({type, path}) => [type, path]),
          [
            ['READ', write.path],
            ['WRITE', write.path],
          ],
        );
        checked++;
      }
    }
    t.true(checked > 30, `${checked} states`);
  });

  const order = (t: ExecutionContext, step: string, lines: readonly string[]): void => {
    const happened = handshake(side, step).timeline.map((op) =>
      op === '@releaseDomain' ? op : `${op.actor}: ${op.type} ${op.path} = ${op.value}`,
    );
    let at = -1;
    for (const line of lines) {
      const next = happened.indexOf(line, at + 1);
      t.true(next > at, `${line} comes after ${happened[at] ?? 'the start'}`);
      at = next;
    }
  };

  test(`${side}: block-attach: the backend connects between physical-device and hotplug-status`, (t) => {
    order(t, 'block-attach', [
      `hotplug: WRITE ${VBD2.back}/physical-device = 7:1`,
      `dom0-kernel: WRITE ${VBD2.back}/state = 4`,
      `hotplug: WRITE ${VBD2.back}/hotplug-status = connected`,
    ]);
  });

  test(`${side}: network-attach: the backend waits for hotplug-status`, (t) => {
    order(t, 'network-attach', [
      `guest: WRITE ${VIF2.front}/state = 4`,
      `hotplug: WRITE ${VIF2.back}/hotplug-status = connected`,
      `dom0-kernel: WRITE ${VIF2.back}/state = 4`,
    ]);
  });

  test(`${side}: a guest acknowledges the request, closes vif before vbd, and is released at its end`, (t) => {
    order(t, 'poweroff', [
      'toolstack: WRITE /local/domain/N/control/shutdown = poweroff',
      'guest: WRITE /local/domain/N/control/shutdown = ',
      `guest: WRITE ${VIF.front}/state = 5`,
      `guest: WRITE ${VIF.front}/state = 6`,
      `guest: WRITE ${VBD.front}/state = 5`,
      `guest: WRITE ${VBD.front}/state = 6`,
      '@releaseDomain',
      `toolstack: WRITE ${VBD.back}/online = 0`,
      `toolstack: WRITE ${VIF.back}/online = 0`,
      `dom0-kernel: RM ${VIF.back}/hotplug-status = `,
    ]);
  });

  test(`${side}: @releaseDomain comes at shutdown and again at death, when the domain's nodes have gone`, (t) => {
    order(t, 'reboot', [
      'guest: WRITE /local/domain/N/control/shutdown = ',
      `guest: WRITE ${VBD.front}/state = 6`,
      '@releaseDomain',
      'toolstack: RM /local/domain/N/console = ',
      'toolstack: RM /vm/UUID = ',
      'toolstack: RM /local/domain/N = ',
      'toolstack: RM /libxl/N = ',
      '@releaseDomain',
      'toolstack: WRITE /local/domain/M = ',
    ]);
    const releases = handshake(side, 'reboot').timeline.filter((op) => op === '@releaseDomain');
    t.is(releases.length, 2);
  });

  test(`${side}: a domain that is destroyed is released once`, (t) => {
    const {timeline} = handshake(side, 'destroy');
    t.is(timeline.filter((op) => op === '@releaseDomain').length, 1);
    order(t, 'destroy', ['toolstack: RM /libxl/N = ', '@releaseDomain']);
  });

  test(`${side}: xl never sends RELEASE`, (t) => {
    const all = [...sides[side].values()].flatMap(({timeline}) => timeline);
    t.false(all.some((op) => op !== '@releaseDomain' && op.type === 'RELEASE'));
  });
}
