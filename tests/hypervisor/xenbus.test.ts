import test, {type ExecutionContext} from 'ava';
import {
  XenbusStateClosed,
  XenbusStateConnected,
  XenbusStateInitialised,
  XenbusStateInitialising,
} from '../../hypervisor/abi/io/xenbus.ts';
import {XenbusBus, type XenbusDevice} from '../../hypervisor/xenbus/index.ts';
import {createRig, type DevicePaths, type Rig, type RigDomain} from '../support/rig.ts';

/** A guest whose frontend driver notes what becomes of its devices. */
class Stand {
  readonly rig: Rig;
  readonly guest: RigDomain;
  readonly bus: XenbusBus;
  readonly probed: XenbusDevice[] = [];
  readonly removed: XenbusDevice[] = [];
  /** What removing a device waits for. */
  letGo: Promise<void> = Promise.resolve();
  paths!: DevicePaths;

  static async create(t: ExecutionContext): Promise<Stand> {
    const rig = await createRig();
    t.teardown(() => rig.close());
    const stand = new Stand(rig, await rig.createGuest());
    stand.bus.start();
    await stand.plug();
    return stand;
  }

  private constructor(rig: Rig, guest: RigDomain) {
    this.rig = rig;
    this.guest = guest;
    const probe = (device: XenbusDevice) => {
      this.probed.push(device);
      return {
        otherEndChanged: () => undefined,
        remove: () => {
          this.removed.push(device);
          return this.letGo;
        },
      };
    };
    this.bus = new XenbusBus(guest.ops, guest.xs, 'frontend', [{type: 'vbd', probe}]);
  }

  async plug(): Promise<void> {
    this.paths = await this.rig.addDevice({guest: this.guest, type: 'vbd', devid: 0});
    await this.rig.settle();
  }

  /** The toolstack pulls the device and plugs one in its place before the guest comes to look. */
  async replug(): Promise<void> {
    const {rig, paths} = this;
    const {xs} = rig.dom0;
    await rig.run(() =>
      xs.transaction(async (tx) => {
        await xs.rm(paths.frontPath, tx);
        await xs.mkdir(paths.frontPath, tx);
        await xs.setPerms(paths.frontPath, [`n${this.guest.domain.id}`, 'r0'], tx);
        for (const [key, value] of Object.entries({backend: paths.backPath, 'backend-id': '0', state: '1'}))
          await xs.write(`${paths.frontPath}/${key}`, value, tx);
      }),
    );
  }

  read(key: string): Promise<string | undefined> {
    return this.rig.run(() => this.rig.dom0.xs.read(`${this.paths.frontPath}/${key}`));
  }
}

test('a device in place of one that was pulled is probed anew', async (t) => {
  const stand = await Stand.create(t);
  const [first] = stand.probed;
  await stand.rig.run(() => first.switchState(XenbusStateConnected));
  await stand.replug();
  await stand.rig.settle();
  t.deepEqual(stand.removed, [first]);
  t.is(stand.probed.length, 2);
  t.is(stand.bus.device('device/vbd/0'), stand.probed[1]);
  t.is(stand.probed[1].state, XenbusStateInitialising);
});

test('so it is where the one before had not gone on yet: what that one has read may not hold any more', async (t) => {
  const stand = await Stand.create(t);
  await stand.replug();
  await stand.rig.settle();
  t.is(stand.probed.length, 2);
  t.deepEqual(stand.removed, [stand.probed[0]]);
});

test('a new device is probed once its predecessor has let go of all it had', async (t) => {
  const stand = await Stand.create(t);
  let end = (): void => undefined;
  stand.letGo = new Promise((resolve) => (end = resolve));
  await stand.rig.run(() => stand.probed[0].switchState(XenbusStateConnected));
  await stand.replug();
  await stand.rig.settle();
  t.is(stand.removed.length, 1);
  t.is(stand.probed.length, 1);
  end();
  await stand.rig.settle();
  t.is(stand.probed.length, 2);
});

test('a driver that begins anew by itself keeps its device', async (t) => {
  const stand = await Stand.create(t);
  const [device] = stand.probed;
  for (const state of [XenbusStateConnected, XenbusStateClosed, XenbusStateInitialising]) {
    device.enqueue(() => device.switchState(state));
    await stand.rig.settle();
  }
  t.is(stand.probed.length, 1);
  t.deepEqual(stand.removed, []);
  t.is(await stand.read('state'), '1');
});

test('a driver writes nothing in the directory of the device after its own', async (t) => {
  const stand = await Stand.create(t);
  const [device] = stand.probed;
  await stand.rig.run(() => device.switchState(XenbusStateConnected));
  await stand.replug();
  const late = Promise.all([
    device.publish({'ring-ref': 8}),
    device.republish({'feature-barrier': 1}),
    device.switchState(XenbusStateClosed),
  ]);
  await stand.rig.run(() => late);
  t.is(await stand.read('state'), '1');
  t.is(await stand.read('ring-ref'), undefined);
  t.is(await stand.read('feature-barrier'), undefined);
});

test('a driver that is let go of in the middle of a transaction does not commit it', async (t) => {
  const stand = await Stand.create(t);
  const [device] = stand.probed;
  const late = Promise.allSettled([device.publish({'ring-ref': 8}), device.switchState(XenbusStateInitialised)]);
  stand.bus.stop();
  await stand.rig.run(() => late);
  t.is(await stand.read('state'), '1');
  t.is(await stand.read('ring-ref'), undefined);
});
