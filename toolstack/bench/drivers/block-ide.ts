import {plugChipset} from '../../../backends/emulated/chipset/index.ts';
import {PiixIde} from '../../../backends/emulated/ide/index.ts';
import {RamImage} from '../../../backends/storage/index.ts';
import {type IdeOptions, probeIde} from '../../../frontends/emulated/ide/index.ts';
import type {Rig} from '../../conform/rig.ts';
import {type BenchDriver, type BenchJob, forEachGuest} from '../driver.ts';
import type {BenchPoint} from '../point.ts';
import {diskJob, IMAGE_BYTES} from './disk-job.ts';
import {createEmulatedGuest, found} from './emulated-guest.ts';

const SECTOR_BYTES = 512;

interface Variant {
  name: string;
  about: string;
  options: IdeOptions;
}

/** hda on the IDE function of a PIIX3, a disk in memory behind it. */
const ideDriver = ({name, about, options}: Variant): BenchDriver => ({
  name,
  device: 'block',
  kind: 'emulated',
  about,
  operations: ['read', 'write'],
  limits: {minBytes: SECTOR_BYTES, maxBytes: 2 ** 20, stepBytes: SECTOR_BYTES, maxDepth: 1, maxQueues: 1},
  start: (rig, point) => forEachGuest(point, () => connectDisk(rig, options, point)),
});

const connectDisk = async (rig: Rig, options: IdeOptions, point: BenchPoint): Promise<BenchJob> => {
  const machine = await createEmulatedGuest(rig, (model) => {
    plugChipset(model);
    new PiixIde(model, {units: [{kind: 'disk', storage: new RamImage(IMAGE_BYTES)}]}).plug();
  });
  const {drives} = await probeIde(machine, options);
  return diskJob(found(drives[0], 'disk'), point);
};

const variants: readonly Variant[] = [
  {name: 'ide-dma', about: 'hda by the bus master, as every system has it since 1998', options: {transfer: 'dma'}},
  {name: 'ide-pio', about: 'hda by REP INS and OUTS, blocks of several sectors', options: {transfer: 'pio'}},
  {
    name: 'ide-pio-words',
    about: 'hda by an IN or OUT for each word and an interrupt for each sector',
    options: {transfer: 'pio', words: 'single', blocks: 'single'},
  },
];

export const ideDrivers: readonly BenchDriver[] = variants.map(ideDriver);
