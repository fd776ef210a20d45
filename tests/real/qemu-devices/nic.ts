import type {NicPortOptions} from '../../../backends/emulated/nic/index.ts';
import {BridgeInterface, Networks} from '../../../backends/network/index.ts';
import {setUpPci} from '../../../frontends/emulated/firmware.ts';
import {type GuestPciDevice, PCI_COMMAND_MASTER, scanPci} from '../../../frontends/emulated/pci.ts';
import {NIC_MAC, PEER_MAC} from '../../emulated/nic-rig.ts';
import type {EmulatedRig} from '../../support/emulated-rig.ts';
import type {Peer} from './pc.ts';
import type {Session} from './session.ts';

export const SLOT = 4;
export const MAC = [...NIC_MAC].map((byte) => byte.toString(16).padStart(2, '0')).join(':');

interface Pluggable {
  plug(slot: number): void;
}

type Create = (rig: EmulatedRig, options: NicPortOptions & {mac: Uint8Array}) => Pluggable;

/** Puts our NIC at a bridge where an interface of dom0 hears all and says what the test says. */
export const plugNic =
  (create: Create) =>
  (rig: EmulatedRig): Peer => {
    const place = new Networks(rig.dom0).place();
    if (typeof place === 'string') throw new Error(place);
    create(rig, {ops: rig.dom0, place, name: 'vif1.0-emu', mac: NIC_MAC}).plug(SLOT);
    const {bridge} = place;
    const peer = new BridgeInterface({ops: rig.dom0, bridge, name: 'dom0', mac: PEER_MAC, promiscuous: true});
    const sent: Uint8Array[] = [];
    peer.frames.subscribe((frames) => sent.push(...frames));
    return {sent, deliver: (frame) => void peer.send([frame])};
  };

/** QEMU's options for one at a socket. */
export const qemuNic = (model: string, socket: string): string[] => [
  '-netdev',
  `stream,id=net,server=off,addr.type=unix,addr.path=${socket}`,
  '-device',
  `${model},netdev=net,mac=${MAC},addr=${SLOT},romfile=`,
];

/** The NIC as the firmware leaves it, bus mastering on. */
export const findNic = (session: Session): GuestPciDevice => {
  setUpPci(session.pc.io);
  const pci = scanPci(session.pc.io).find(({device}) => device === SLOT);
  if (pci === undefined) throw new Error('no NIC');
  session.step('PCI');
  for (const offset of [0x00, 0x04, 0x08, 0x3c]) {
    session.note(`configuration ${offset.toString(16)}`, pci.readConfig(offset, 4) & (offset === 0x3c ? 0xff00 : ~0));
  }
  for (const bar of [0, 1]) {
    const register = 0x10 + bar * 4;
    const before = pci.readConfig(register, 4);
    pci.writeConfig(register, 4, 0xffffffff);
    session.note(`BAR${bar}`, pci.readConfig(register, 4));
    pci.writeConfig(register, 4, before);
  }
  pci.enable(PCI_COMMAND_MASTER);
  return pci;
};

/** Frames that were sent since the last time, once there are `count`. */
export const noteSent = async (session: Session, seen: {count: number}, count: number): Promise<void> => {
  const {sent} = session.pc.peer;
  await session.pc.until(() => sent.length >= seen.count + count);
  for (const [index, frame] of sent.slice(seen.count).entries()) {
    session.note(`frame ${index}`, Buffer.from(frame).toString('hex'));
  }
  session.note('frames', sent.length - seen.count);
  seen.count = sent.length;
};
