import {type BlockFeatures, blockBackend} from '../../backends/block/index.ts';
import {netBackend} from '../../backends/net/index.ts';
import {Networks} from '../../backends/network/index.ts';
import {ImageLocks, openStorage} from '../../backends/storage/index.ts';
import type {BlockDevice, NetDevice} from '../../frontends/api.ts';
import {blockFrontend} from '../../frontends/block/index.ts';
import {netFrontend} from '../../frontends/net/index.ts';
import {XenbusBus} from '../../hypervisor/xenbus/index.ts';
import {XsClient} from '../../hypervisor/xenstore/index.ts';
import type {Mutant} from '../../toolstack/conform/mutants/mutant.ts';
import type {Layer} from '../../toolstack/conform/seam/layer.ts';
import {Seam} from '../../toolstack/conform/seam/seam.ts';
import {type Breach, type Ledger, Referee} from '../../toolstack/referee/index.ts';
import {createRig, type Rig, type RigDomain} from '../support/rig.ts';

const XVDA = 51712;
const DISK_BYTES = 1 << 20;
const MACS = ['00:16:3e:00:00:01', '00:16:3e:00:00:02'] as const;
/** In which what stays wrong is found to be so. */
const A_WHILE_NS = 2e9;

export interface PairOptions {
  /** A fault in one of the drivers. */
  readonly mutant?: Mutant;
  readonly side?: 'frontend' | 'backend';
  readonly features?: Partial<BlockFeatures>;
  readonly seed?: number;
}

/** Our own drivers of both ends, one of them perhaps with a fault, a guest with a disk and two interfaces, and a referee. */
export class RefereedPair {
  readonly rig: Rig;
  readonly guest: RigDomain;
  readonly referee: Referee;
  readonly breaches: Breach[] = [];
  readonly ledgers: Ledger[] = [];
  readonly disks: BlockDevice[] = [];
  readonly nics: NetDevice[] = [];

  static async start({mutant, side, features, seed = 1}: PairOptions = {}): Promise<RefereedPair> {
    const watched: {referee?: Referee} = {};
    const rig = await createRig({seed, traced: false, onRequest: (request) => watched.referee?.onRequest(request)});
    const referee = new Referee(rig.xen);
    watched.referee = referee;
    const fault = mutant?.layer();
    fault?.host?.(rig.xen);
    const layers = (of: PairOptions['side']) => (fault !== undefined && side === of ? [fault] : []);
    const seams: Seam[] = [];
    const back = new Seam(rig.dom0.ops, layers('backend'));
    const guest = await rig.createGuest({
      transport: (ring, ops) => {
        const shown: Layer = {ringFound: (name, gfn) => back.nameRing(name, gfn, ops.memory)};
        seams.push(new Seam(ops, [...layers('frontend'), shown]));
        return seams[0].transport(ring);
      },
    });
    const pair = new RefereedPair(rig, guest, referee);
    const locks = new ImageLocks();
    new XenbusBus(back.ops, new XsClient(back.transport(rig.store.connectInProcess(0, 'backends'))), 'backend', [
      blockBackend({open: (target, how) => openStorage(target, {...how, locks}), features}),
      netBackend({networks: new Networks(back.ops)}),
    ]).start();
    new XenbusBus(seams[0].ops, guest.xs, 'frontend', [
      blockFrontend((disk) => void pair.disks.push(disk)),
      netFrontend((nic) => void pair.nics.push(nic)),
    ]).start();
    return pair;
  }

  private constructor(rig: Rig, guest: RigDomain, referee: Referee) {
    this.rig = rig;
    this.guest = guest;
    this.referee = referee;
    referee.breaches.subscribe((breach) => void this.breaches.push(breach));
    referee.ledgers.subscribe((ledger) => void this.ledgers.push(ledger));
  }

  get clauses(): string[] {
    return [...new Set(this.breaches.map(({clause}) => clause))].sort();
  }

  async plug(): Promise<void> {
    const {guest} = this;
    await this.rig.addDevice({
      guest,
      type: 'vbd',
      devid: XVDA,
      front: {'virtual-device': String(XVDA)},
      back: {params: `ram:${DISK_BYTES}`, mode: 'w', 'physical-device': '7:0'},
    });
    for (const [devid, mac] of MACS.entries()) {
      await this.rig.addDevice({
        guest,
        type: 'vif',
        devid,
        front: {handle: String(devid), mac, mtu: '1500', trusted: '1'},
        back: {mac, bridge: 'xenbr0', handle: String(devid), type: 'vif', 'hotplug-status': 'connected'},
      });
    }
    await this.rig.settle(A_WHILE_NS);
  }

  /** Writes and reads, one after another and many at once, and frames from one interface to the other. */
  async work(): Promise<void> {
    const page = new Uint8Array(4096).fill(7);
    const ignore = (): void => undefined;
    for (const disk of this.disks) {
      for (const at of [0, 8192]) disk.write(at, page).catch(ignore);
      await this.rig.settle(A_WHILE_NS);
      for (let i = 0; i < 64; i++) disk.read(4096 * i, 4096).catch(ignore);
      disk.read(0, 256 * 1024).catch(ignore);
      await this.rig.settle(A_WHILE_NS);
      for (let i = 0; i < 4; i++) {
        disk.read(0, 4096).catch(ignore);
        await this.rig.settle(A_WHILE_NS);
      }
    }
    const frame = new Uint8Array(1400).fill(0xff, 0, 6);
    for (let i = 0; i < 4; i++) {
      for (const nic of this.nics) nic.send(frame);
      if (i % 2 === 1) await this.rig.settle(A_WHILE_NS);
    }
    await this.rig.settle(A_WHILE_NS);
  }

  /** What the toolstack writes to take the devices away, and then removes. */
  async unplug(): Promise<void> {
    const {id} = this.guest.domain;
    const {xs} = this.rig.dom0;
    const paths = [`vbd/${id}/${XVDA}`, ...MACS.map((_, devid) => `vif/${id}/${devid}`)];
    await this.rig.run(() =>
      xs.transaction(async (tx) => {
        for (const path of paths) {
          await xs.write(`/local/domain/0/backend/${path}/online`, '0', tx);
          await xs.write(`/local/domain/0/backend/${path}/state`, '5', tx);
        }
      }),
    );
    await this.rig.settle(A_WHILE_NS);
    await this.rig.run(() =>
      xs.transaction(async (tx) => {
        for (const type of ['vbd', 'vif']) {
          await xs.rm(`/local/domain/${id}/device/${type}`, tx);
          await xs.rm(`/local/domain/0/backend/${type}/${id}`, tx);
        }
      }),
    );
    await this.rig.settle(A_WHILE_NS);
  }

  async destroy(): Promise<void> {
    this.rig.destroy(this.guest);
    await this.rig.settle(10 * A_WHILE_NS);
  }

  /** All of a guest's life. */
  async live(): Promise<void> {
    await this.plug();
    await this.work();
    await this.unplug();
    await this.destroy();
    this.referee.close();
    this.rig.close();
  }
}
