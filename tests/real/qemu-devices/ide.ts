import {plugChipset} from '../../../backends/emulated/chipset/index.ts';
import {PiixIde} from '../../../backends/emulated/ide/index.ts';
import {RamImage, vectorOf} from '../../../backends/storage/index.ts';
import {setUpPci} from '../../../frontends/emulated/firmware.ts';
import {PCI_COMMAND_MASTER, scanPci} from '../../../frontends/emulated/pci.ts';
import type {EmulatedRig} from '../../support/emulated-rig.ts';
import {pattern} from '../../support/ide-rig.ts';
import {driveCd} from './ide-cd.ts';
import {Channel} from './ide-channel.ts';
import {driveDisk} from './ide-disk.ts';
import {noPeer, type Peer} from './pc.ts';
import type {Session} from './session.ts';

const DISK_BYTES = 20_000 * 512;
const CD_BYTES = 1 << 20;

/** What both disks, and both CDs, begin with. */
export const diskContents = (): Uint8Array => pattern(DISK_BYTES);
export const cdContents = (): Uint8Array => pattern(CD_BYTES, 5);

export const plugIde = ({model}: EmulatedRig): Peer => {
  plugChipset(model);
  const [disk, cd] = [diskContents(), cdContents()].map((bytes) => {
    const image = new RamImage(bytes.length);
    image.write(vectorOf(bytes), 0);
    return image;
  });
  new PiixIde(model, {
    units: [{kind: 'disk', storage: disk, serial: 'SN1'}, undefined, {kind: 'cdrom', storage: cd, serial: 'CD1'}],
  }).plug();
  return noPeer;
};

export const driveIde = async (session: Session): Promise<void> => {
  const {pc} = session;
  setUpPci(pc.io);
  const pci = scanPci(pc.io).find(({deviceId}) => deviceId === 0x7010);
  if (pci === undefined) throw new Error('no IDE function');
  pci.enable(PCI_COMMAND_MASTER);
  const masters = pci.bar(4);
  session.step('PCI');
  for (const [offset, what] of [
    [0x00, 'identity'],
    [0x04, 'command and status'],
    [0x08, 'class'],
    [0x20, 'BAR4'],
  ] as const) {
    session.note(what, pci.readConfig(offset, 4));
  }
  await driveDisk(new Channel(session, 0, masters));
  await driveCd(new Channel(session, 1, masters));
};
