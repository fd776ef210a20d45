import test from 'ava';
import {Referee} from '../../toolstack/referee/index.ts';
import {createRig, type DevicePaths, type Rig, type RigDomain} from '../support/rig.ts';

const RING_PAGE_WORDS = 1024;
const REQ_EVENT = 1;
const RSP_EVENT = 3;

/** A disk whose two ends are the test. */
class ScriptedDevice {
  readonly rig: Rig;
  readonly guest: RigDomain;
  readonly paths: DevicePaths;
  readonly said: string[] = [];

  static async plug(): Promise<ScriptedDevice> {
    const watched: {referee?: Referee} = {};
    const rig = await createRig({traced: false, onRequest: (request) => watched.referee?.onRequest(request)});
    const referee = new Referee(rig.xen);
    watched.referee = referee;
    const guest = await rig.createGuest();
    const paths = await rig.addDevice({guest, type: 'vbd', devid: 51712});
    return new ScriptedDevice(rig, guest, paths, referee);
  }

  private constructor(rig: Rig, guest: RigDomain, paths: DevicePaths, referee: Referee) {
    this.rig = rig;
    this.guest = guest;
    this.paths = paths;
    referee.breaches.subscribe(({domid, clause}) => void this.said.push(`d${domid} ${clause}`));
  }

  async front(nodes: Readonly<Record<string, string | number>>): Promise<void> {
    for (const [key, value] of Object.entries(nodes))
      await this.rig.run(() => this.guest.xs.write(`${this.paths.frontPath}/${key}`, String(value)));
  }

  async back(nodes: Readonly<Record<string, string | number>>): Promise<void> {
    for (const [key, value] of Object.entries(nodes))
      await this.rig.run(() => this.rig.dom0.xs.write(`${this.paths.backPath}/${key}`, String(value)));
  }

  /** A ring and a port, as a frontend publishes them. */
  transport(): {'ring-ref': number; 'event-channel': number} {
    const {ops} = this.guest;
    const gfn = ops.pages.alloc();
    if (gfn === undefined) throw new Error('no page');
    ops.memory.u32[gfn * RING_PAGE_WORDS + REQ_EVENT] = 1;
    ops.memory.u32[gfn * RING_PAGE_WORDS + RSP_EVENT] = 1;
    return {'ring-ref': ops.grantor.grantAccess(0, gfn, false), 'event-channel': ops.evtchnAllocUnbound(0)};
  }

  /** Both ends in order up to Connected, as far as the store shows. */
  async connect(): Promise<void> {
    await this.back({'max-ring-page-order': 0, state: 2});
    await this.front({...this.transport(), state: 3});
    await this.back({sectors: 8, info: 0, 'sector-size': 512, state: 4});
    await this.front({state: 4});
  }
}

type Play = (device: ScriptedDevice) => Promise<void>;

const closesInOrder: Play = async (device) => {
  await device.connect();
  await device.back({online: 0, state: 5});
  await device.front({state: 5});
  await device.front({state: 6});
  await device.back({state: 6});
};

const plays: readonly (readonly [title: string, play: Play, said: readonly string[]])[] = [
  ['a device that is connected and closed in order', closesInOrder, []],
  [
    'XENBUS-SM-04: a queue whose directory was removed',
    async (device) => {
      for (const queue of ['queue-0', 'queue-1']) {
        const {'ring-ref': ref, 'event-channel': port} = device.transport();
        await device.front({[`${queue}/ring-ref`]: ref, [`${queue}/event-channel`]: port});
      }
      await device.rig.run(() => device.guest.xs.rm(`${device.paths.frontPath}/queue-1`));
      await device.front({'multi-queue-num-queues': 2, state: 3});
    },
    ['d1 XENBUS-SM-04'],
  ],
  ['XENBUS-SM-01: no state', (device) => device.front({state: 'Connected'}), ['d1 XENBUS-SM-01']],
  [
    'XENBUS-SM-06: the frontend first',
    (device) => device.front({...device.transport(), state: 4}),
    ['d1 XENBUS-SM-06'],
  ],
  [
    'XENBUS-SM-05: the backend first',
    (device) => device.back({sectors: 8, info: 0, 'sector-size': 512, state: 2}).then(() => device.back({state: 4})),
    ['d0 XENBUS-SM-05'],
  ],
  [
    'XENBUS-SM-05: a backend without a size',
    async (device) => {
      await device.back({state: 2});
      await device.front({...device.transport(), state: 3});
      await device.back({info: 0, 'sector-size': 512, state: 4});
    },
    ['d0 XENBUS-SM-05'],
  ],
  [
    'XENBUS-SM-06: Connected again without having begun anew',
    async (device) => {
      await device.connect();
      await device.front({state: 6});
      await device.front({state: 4});
    },
    ['d1 XENBUS-SM-06'],
  ],
  [
    'XENBUS-SM-04: other rings while they are in use',
    async (device) => {
      await device.connect();
      await device.front(device.transport());
    },
    ['d1 XENBUS-SM-04', 'd1 XENBUS-SM-04'],
  ],
  [
    'XENBUS-SM-03: an offer that comes too late',
    async (device) => {
      await device.back({state: 2});
      await device.back({'multi-queue-max-queues': 4});
    },
    ['d0 XENBUS-SM-03'],
  ],
  [
    'XENBUS-SM-19: a state where the device has gone',
    async (device) => {
      await device.connect();
      const {xs} = device.rig.dom0;
      await device.rig.run(() => xs.rm(device.paths.backPath));
      await device.back({state: 6});
    },
    ['d0 XENBUS-SM-19'],
  ],
  [
    'XENBUS-NODE-01: a reference that is no number',
    (device) => device.front({...device.transport(), 'ring-ref': 'eight', state: 3}),
    ['d1 XENBUS-NODE-01'],
  ],
  [
    'EVTCHN-USE-01: a port that was never allocated',
    (device) => device.front({...device.transport(), 'event-channel': 99, state: 3}),
    ['d1 EVTCHN-USE-01'],
  ],
  [
    'EVTCHN-USE-01: a port for another domain',
    (device) =>
      device.front({...device.transport(), 'event-channel': device.guest.ops.evtchnAllocUnbound(7), state: 3}),
    ['d1 EVTCHN-USE-01'],
  ],
  [
    'GRANT-TBL-06: a ring that is not granted',
    (device) => device.front({...device.transport(), 'ring-ref': 40, state: 3}),
    ['d1 GRANT-TBL-06'],
  ],
  [
    'XENBUS-SM-05: a backend that maps what was not published',
    async (device) => {
      await device.connect();
      const {'ring-ref': other} = device.transport();
      device.rig.dom0.ops.gnttabMap(1, other, 2);
    },
    ['d0 XENBUS-SM-05'],
  ],
  [
    'GRANT-TBL-12: an entry that is used anew while it is mapped',
    async (device) => {
      const nodes = device.transport();
      await device.front({...nodes, state: 3});
      const handle = device.rig.dom0.ops.gnttabMap(1, nodes['ring-ref'], 2);
      const {grants, memory} = device.guest.domain;
      memory.u32[grants.entryWord(nodes['ring-ref']) + 1] += 1;
      device.rig.dom0.ops.gnttabUnmap(handle);
    },
    ['d1 GRANT-TBL-12'],
  ],
];

for (const [title, play, said] of plays) {
  test(title, async (t) => {
    const device = await ScriptedDevice.plug();
    await play(device);
    t.deepEqual(device.said, [...said]);
    device.rig.close();
  });
}
