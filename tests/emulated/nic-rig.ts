import {type Bridge, BridgeInterface, Networks} from '../../backends/network/index.ts';
import type {NicPortOptions} from '../../backends/emulated/nic/index.ts';
import {type GuestPciDevice, PCI_COMMAND_MASTER, scanPci} from '../../frontends/emulated/pci.ts';
import {PAGE_SIZE} from '../../hypervisor/memory/index.ts';
import type {NativeMachine} from '../../frontends/emulated/machine.ts';
import type {NativeNic} from '../../frontends/emulated/nic/index.ts';
import {logAccesses} from '../support/access-log.ts';
import {EmulatedRig} from '../support/emulated-rig.ts';

export const NIC_MAC = Uint8Array.of(0x00, 0x16, 0x3e, 0x00, 0x00, 0x01);
export const PEER_MAC = Uint8Array.of(0x00, 0x16, 0x3e, 0x00, 0x00, 0x02);
export const BROADCAST = new Uint8Array(6).fill(0xff);

/** A frame of `length` bytes with a body that depends on `seed`. */
export const frameOf = (to: Uint8Array, from: Uint8Array, length: number, seed = 0): Uint8Array => {
  const frame = Uint8Array.from({length}, (_, i) => (i * 7 + seed * 13) & 0xff);
  frame.set(to, 0);
  frame.set(from, 6);
  frame.set([0x88, 0xb5], 12);
  return frame;
};

interface Pluggable {
  plug(slot: number): void;
}

type Create<Nic> = (rig: EmulatedRig, options: NicPortOptions & {mac: Uint8Array}) => Nic;
type Probe<Driver> = (machine: NativeMachine, pci: GuestPciDevice, name: string) => Driver | undefined;

/** An HVM guest with a NIC at a bridge, and dom0's interface there. */
export class NicRig<Nic extends Pluggable> extends EmulatedRig {
  readonly nic: Nic;
  readonly bridge: Bridge;
  readonly peer: BridgeInterface;
  /** What came to dom0's interface. */
  readonly heard: Uint8Array[] = [];
  readonly pci: GuestPciDevice;

  constructor(create: Create<Nic>) {
    super();
    const networks = new Networks(this.dom0);
    const place = networks.place();
    if (typeof place === 'string') throw new Error(place);
    this.bridge = place.bridge;
    this.nic = create(this, {ops: this.dom0, place, name: 'vif1.0-emu', mac: NIC_MAC});
    this.nic.plug(4);
    this.setUpPci();
    [this.pci] = scanPci(this.io);
    this.pci.enable(PCI_COMMAND_MASTER);
    this.peer = new BridgeInterface({
      ops: this.dom0,
      bridge: this.bridge,
      name: 'dom0',
      mac: PEER_MAC,
      promiscuous: true,
    });
    this.peer.frames.subscribe((frames) => this.heard.push(...frames));
  }

  /** Physical address of `bytes` of the guest's memory, zeroed. */
  allocate(bytes: number): number {
    const gfn = this.ops.pages.allocContiguous(Math.ceil(bytes / PAGE_SIZE));
    if (gfn === undefined) throw new Error('no pages');
    return gfn * PAGE_SIZE;
  }

  get memory(): Uint8Array {
    return this.ops.memory.u8;
  }

  get words(): Uint32Array {
    return this.ops.memory.u32;
  }

  /** Sends from dom0, and waits until it is there. */
  async deliver(...frames: Uint8Array[]): Promise<void> {
    this.peer.send(frames);
    await this.settle();
  }

  settle(): Promise<void> {
    return this.schedule.sleep(1e6);
  }
}

/** The same with its native driver. */
export class NicDriverRig<Nic extends Pluggable, Driver extends NativeNic> extends NicRig<Nic> {
  readonly driver: Driver;
  /** What came to the guest. */
  readonly received: Uint8Array[] = [];
  /** Accesses of the driver's since it was ready. */
  readonly log: string[];

  constructor(create: Create<Nic>, probe: Probe<Driver>) {
    super(create);
    const {machine, log} = logAccesses(this.machine);
    const driver = probe(machine, this.pci, 'eth0');
    if (driver === undefined) throw new Error('no driver');
    this.driver = driver;
    this.log = log;
    driver.frames.subscribe((frames) => this.received.push(...frames));
    log.length = 0;
  }
}
