import type {DeviceModel} from '../../../backends/emulated/bus/index.ts';
import {E1000} from '../../../backends/emulated/e1000/index.ts';
import type {NicPortOptions} from '../../../backends/emulated/nic/index.ts';
import {Rtl8139} from '../../../backends/emulated/rtl8139/index.ts';
import {Bridge} from '../../../backends/network/index.ts';
import type {E1000NicOptions} from '../../../frontends/emulated/e1000/index.ts';
import {probeNics} from '../../../frontends/emulated/nics.ts';
import {type BenchDriver, forEachGuest} from '../driver.ts';
import {createEmulatedGuest, found} from './emulated-guest.ts';
import {deviceNic, NetJob} from './net-job.ts';
import {macOf, MAX_FRAME, NetPeer} from './net-peer.ts';

/** Beside the platform device. */
const PCI_SLOT = 4;
/** Without a FCS. */
const MIN_FRAME = 60;

/** An emulated NIC sends within the access that starts it: so much later the guest has had the interrupts of that. */
const PAUSE_NS = 10_000;

type NicOptions = NicPortOptions & {mac: Uint8Array};

interface Variant {
  name: string;
  about: string;
  maxDepth: number;
  create: (model: DeviceModel, options: NicOptions) => {plug(slot: number): void};
  /** How the guest's driver works, where it is not as that of an operating system. */
  driver?: E1000NicOptions;
}

/** A native driver on an emulated NIC, a bridge and dom0's end of the network behind it. */
const nicDriver = ({name, about, maxDepth, create, driver}: Variant): BenchDriver => ({
  name,
  device: 'net',
  kind: 'emulated',
  about,
  operations: ['tx', 'rx'],
  limits: {minBytes: MIN_FRAME, maxBytes: MAX_FRAME, stepBytes: 1, maxDepth, maxQueues: 1},
  start: async (rig, point) => {
    const {ops} = rig.dom0;
    const bridge = new Bridge({ops, name: 'xenbr0'});
    const peer = new NetPeer(ops, bridge);
    return forEachGuest(point, async (index) => {
      const options = {ops, place: {bridge, port: {}}, name: `vif${index}-emu`, mac: macOf(index)};
      const machine = await createEmulatedGuest(rig, (model) => create(model, options).plug(PCI_SLOT));
      const nic = deviceNic(found(probeNics(machine, {e1000: driver})[0], 'NIC'));
      const pause = (): Promise<void> => new Promise((resolve) => machine.ops.schedule.after(PAUSE_NS, resolve));
      const job = new NetJob({point, index, nic, peer, pause});
      job.introduce();
      return job;
    });
  },
});

const variants: readonly Variant[] = [
  {
    name: 'e1000',
    about: 'an 82540EM by rings of descriptors',
    maxDepth: 255,
    create: (model, options) => new E1000(model, options),
  },
  {
    name: 'e1000-combining',
    about: 'the same with writes of TDT that wait for an interrupt which is to come',
    maxDepth: 255,
    create: (model, options) => new E1000(model, options),
    driver: {combinesSends: true},
  },
  {
    name: 'rtl8139',
    about: 'as Linux drives it by ports: four frames under way',
    maxDepth: 4,
    create: (model, options) => new Rtl8139(model, options),
  },
];

export const nicDrivers: readonly BenchDriver[] = variants.map(nicDriver);
