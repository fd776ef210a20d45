import {blockBackend, type BlockFeatures} from '../../backends/block/index.ts';
import {FaultyStorage, IoVector, RamImage, type Storage, StorageError} from '../../backends/storage/index.ts';
import {type FaultRates, Random} from '../../hypervisor/schedule/index.ts';
import {XenbusBus} from '../../hypervisor/xenbus/index.ts';
import {createRig, type Rig} from '../support/rig.ts';
import {BlockWorker, VDEV} from './block-worker.ts';

const DISK_BYTES = 2.5 * 2 ** 20;
const GUESTS = 2;

/** Each kind of fault is left out of every second run. */
const some = (random: Random, rate: number): number => (random.chance(0.5) ? (random.u32() / 2 ** 32) * rate : 0);

const drawFaults = (random: Random): Partial<FaultRates> => ({
  lateEvent: some(random, 0.2),
  refusedGrant: some(random, 0.02),
  ioError: some(random, 0.05),
  storeConflict: some(random, 0.1),
});

const drawFeatures = (random: Random): Partial<BlockFeatures> => ({
  persistent: random.chance(0.6),
  grants: [0, 3, 20, 1056][random.below(4)],
  indirect: [0, 16, 256][random.below(3)],
  order: random.below(3),
  queues: 1 + random.below(4),
  flush: random.chance(0.7),
  barrier: random.chance(0.7),
  secure: random.chance(0.5),
  sector: random.chance(0.7) ? 512 : 4096,
});

/** A disk of RAM that outlasts its backends; one has it open at a time. */
class Image {
  private readonly ram = new RamImage(DISK_BYTES);
  private isOpen = false;

  open(rig: Rig, random: Random): Storage | StorageError {
    if (this.isOpen) return new StorageError('busy', 'in use');
    this.isOpen = true;
    const faulty = new FaultyStorage(this.ram, rig.schedule, {
      error: some(random, 0.05),
      shortRead: some(random, 0.05),
      tornWrite: some(random, 0.05),
      maxLatencyNs: some(random, 5e6),
    });
    faulty.close = () => (this.isOpen = false);
    return faulty;
  }

  get bytes(): Uint8Array {
    const u8 = new Uint8Array(DISK_BYTES);
    const vector = new IoVector({u8}, 1);
    vector.add(0, DISK_BYTES);
    this.ram.read(vector, 0);
    return u8;
  }
}

/** dom0's driver of all disks, which can be loaded anew. */
class Backends {
  private readonly rig: Rig;
  private readonly random: Random;
  private readonly features: Partial<BlockFeatures>;
  private readonly images: ReadonlyMap<string, Image>;
  private bus: XenbusBus | undefined;

  constructor(rig: Rig, random: Random, images: ReadonlyMap<string, Image>) {
    this.rig = rig;
    this.random = random;
    this.features = drawFeatures(random);
    this.images = images;
  }

  restart(): void {
    const {ops, xs} = this.rig.dom0;
    this.bus?.stop();
    const open = (target: string): Storage | StorageError =>
      this.images.get(target)?.open(this.rig, this.random) ?? new StorageError('missing', target);
    this.bus = new XenbusBus(ops, xs, 'backend', [blockBackend({open, features: this.features})]);
    this.bus.start();
  }
}

/** Makes drivers fail and come back while the guests work. */
const disturb = async (
  rig: Rig,
  random: Random,
  workers: readonly BlockWorker[],
  backends: Backends,
): Promise<void> => {
  for (let times = random.chance(0.5) ? random.below(4) : 0; times > 0; times--) {
    await new Promise<void>((resolve) => rig.schedule.after(random.below(5e6), resolve));
    if (random.chance(0.5)) {
      for (const worker of workers) worker.losses++;
      backends.restart();
    } else {
      const worker = workers[random.below(workers.length)];
      worker.losses++;
      worker.frontend?.resume();
    }
  }
};

const attach = (rig: Rig, worker: BlockWorker, target: string): Promise<unknown> =>
  rig.addDevice({
    guest: worker.guest,
    type: 'vbd',
    devid: VDEV,
    front: {'virtual-device': String(VDEV)},
    back: {params: target, mode: 'w', 'physical-device': '7:0'},
  });

/**
 * One run by a seed: two guests at work on a disk each, while grants are refused, events come late, disks fail, drivers
 * crash and guests are resumed. Resolves with what is wrong, or undefined.
 */
export const simulateBlock = async (seed: number): Promise<string | undefined> => {
  const random = new Random(seed);
  const rig = await createRig({seed});
  const images = new Map<string, Image>();
  const workers: BlockWorker[] = [];
  const backends = new Backends(rig, random, images);
  backends.restart();
  for (let i = 0; i < GUESTS; i++) {
    const worker = new BlockWorker(await rig.createGuest(), random);
    images.set(`image${i}`, new Image());
    workers.push(worker);
    worker.start();
    await attach(rig, worker, `image${i}`);
  }
  await rig.settle(1e8);
  if (workers.some(({disk}) => disk === undefined)) return 'a disk did not connect';
  // Only from here on, for a device that cannot connect is given up.
  Object.assign(rig.xen.faults, {active: true});
  Object.assign(rig.xen.faults.rates, drawFaults(random));
  await rig.run(() =>
    Promise.all([...workers.map((worker) => worker.work()), disturb(rig, random, workers, backends)]),
  );
  // What a driver that was stopped had begun ends by itself.
  await rig.settle(1e9);
  rig.close();
  const faults = workers.map(({model}, i) => model.fault(images.get(`image${i}`)?.bytes ?? new Uint8Array()));
  return faults.find((fault) => fault !== undefined);
};
