import type {TrappedIo} from '../../../hypervisor/ioreq/index.ts';
import {InterruptLines} from '../../../hypervisor/ioreq/interrupt-lines.ts';
import {EmulatedRig} from '../../support/emulated-rig.ts';
import type {Qtest} from '../../support/qtest.ts';

/** Lines of the devices here. Those of the timers and of the cascade, which a PC has in any case, are left out. */
const DEVICE_IRQS = [1, 3, 4, 5, 10, 11, 12, 14, 15];

/** Real time, as QEMU's disks are served by threads. */
const POLL_MS = 1;
const PATIENCE_MS = 10_000;

/** What a program drives: a PC whose instructions are given one by one. */
export interface Pc {
  readonly io: Pick<TrappedIo, 'readPort' | 'writePort' | 'readMemory' | 'writeMemory'>;
  readBytes(address: number, length: number): Uint8Array;
  writeBytes(address: number, bytes: Uint8Array): void;
  /** Device lines that are high. */
  lines(): readonly number[];
  /** Waits, for seconds if need be: what never comes true shows in what is read next. */
  until(done: () => boolean): Promise<void>;
  /** Lets time go on: real time with QEMU. */
  wait(ms: number): Promise<void>;
  /** Bytes or frames that the device sent, and a way to send to it: a serial line, or a network. */
  readonly peer: Peer;
}

export interface Peer {
  readonly sent: readonly Uint8Array[];
  deliver(bytes: Uint8Array): void;
}

export const noPeer: Peer = {
  sent: [],
  deliver: () => {
    throw new Error('nobody is there');
  },
};

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** QEMU's. */
export const qemuPc = (qtest: Qtest, peer: Peer): Pc => {
  const io: Pc['io'] = qtest;
  return {
    io,
    readBytes: (address, length) => qtest.readBytes(address, length),
    writeBytes: (address, bytes) => qtest.writeBytes(address, bytes),
    lines: () => DEVICE_IRQS.filter((irq) => qtest.lines.has(irq)),
    until: async (done) => {
      for (let left = PATIENCE_MS; left > 0 && !done(); left -= POLL_MS) await sleep(POLL_MS);
    },
    wait: sleep,
    peer,
  };
};

/** Ours. `plug` puts the device there. */
export const ourPc = (plug: (rig: EmulatedRig) => Peer): Pc => {
  const rig = new EmulatedRig();
  const {guest, io, model, schedule} = rig;
  const high = new Set<number>();
  const tap = new InterruptLines({setLevel: (irq, level) => void (level ? high.add(irq) : high.delete(irq))});
  model.setIsaIrq = (irq, level, owner) => void tap.setIsaIrq(irq, level, owner);
  model.setPciIntx = (device, pin, level, owner) => void tap.setPciIntx(device, pin, level, owner);
  const peer = plug(rig);
  return {
    io,
    readBytes: (address, length) => guest.memory.u8.slice(address, address + length),
    writeBytes: (address, bytes) => guest.memory.u8.set(bytes, address),
    lines: () => DEVICE_IRQS.filter((irq) => high.has(irq)),
    until: async (done) => {
      for (let left = PATIENCE_MS; left > 0 && !done(); left -= POLL_MS) await schedule.sleep(POLL_MS * 1e6);
    },
    wait: (ms) => schedule.sleep(ms * 1e6),
    peer,
  };
};
