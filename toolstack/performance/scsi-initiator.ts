import {ScsiBus, ScsiMeter, ScsiQueue} from '../../backends/scsi/index.ts';
import type {LogicalUnit} from '../../backends/scsi/target/index.ts';
import {GrantKeeper} from '../../frontends/grant-keeper.ts';
import {framesOf, ScsiRing} from '../../frontends/scsi/index.ts';
import {GNTMAP_host_map} from '../../hypervisor/abi/grant-table.ts';
import {type Domain, DOM0, type DomId, type Gfn, Hypervisor} from '../../hypervisor/index.ts';
import {PAGE_SIZE} from '../../hypervisor/memory/index.ts';
import {NS_PER_S, realClock, type Schedule} from '../../hypervisor/schedule/index.ts';
import {ProgramOps, ProgramVcpu} from '../../hypervisor/vcpu/index.ts';

const GUEST_PAGES = 4096;
const FIRST_FREE_GFN = 16;
const MAX_SEGMENTS = 256;
const ADDRESS = {channel: 0, id: 0, lun: 0};

export interface ScsiWorkload {
  unit: LogicalUnit;
  depth: number;
  bytes: number;
  direction: number;
  /** The command that is sent as the n-th. */
  cdb: (n: number) => Uint8Array;
}

const fail = (reason: string): never => {
  throw new Error(`SCSI benchmark: ${reason}`);
};

/** One guest that keeps a unit busy through its ring, and dom0 that serves it, on the machine's clock. */
export class ScsiInitiator {
  readonly schedule: Schedule = realClock();
  private readonly xen = new Hypervisor({schedule: this.schedule});
  private readonly workload: ScsiWorkload;
  private readonly ring: ScsiRing;
  private readonly frames: Gfn[][] = [];
  private sent = 0;
  private done = 0;

  constructor(workload: ScsiWorkload) {
    const dom0 = this.createKernel(DOM0);
    const guest = this.createKernel();
    this.workload = workload;
    this.ring = new ScsiRing(
      {
        ops: guest,
        otherDomid: DOM0,
        onComplete: (tag, {rslt}) => this.onComplete(tag, rslt),
        onBroken: (reason) => fail(reason),
      },
      MAX_SEGMENTS,
      new GrantKeeper(guest),
    );
    this.serve(dom0, guest);
    const frames = framesOf(Math.ceil(workload.bytes / PAGE_SIZE));
    for (let tag = 0; tag < workload.depth; tag++) {
      this.frames.push(Array.from({length: frames}, () => guest.pages.alloc() ?? fail('out of memory')));
      this.submit(tag);
    }
    this.ring.publish();
  }

  /** Commands a second over one run. */
  async measure(runNs: number): Promise<number> {
    const [startNs, before] = [this.schedule.now(), this.done];
    await this.schedule.sleep(runNs);
    return ((this.done - before) / (this.schedule.now() - startNs)) * NS_PER_S;
  }

  private serve(dom0: ProgramOps, guest: ProgramOps): void {
    const bus = new ScsiBus({name: 'bench'});
    bus.attach(ADDRESS, this.workload.unit);
    const transport = {
      otherDomid: guest.domid,
      ringHandles: Int32Array.of(dom0.gnttabMap(guest.domid, this.ring.page.ref, GNTMAP_host_map)),
      port: dom0.evtchnBindInterdomain(guest.domid, this.ring.port),
      abi: guest.abi,
    };
    new ScsiQueue({
      ops: dom0,
      transport,
      bus,
      meter: new ScsiMeter(),
      maxIndirect: MAX_SEGMENTS,
      name: 'bench',
      onBroken: (reason) => fail(reason),
    }).start();
  }

  private submit(tag: number): void {
    const {bytes, direction, cdb} = this.workload;
    this.ring.submit(ADDRESS, cdb(this.sent++), direction, this.frames[tag], bytes, tag);
  }

  /** The first command hears of the unit's start. */
  private onComplete(tag: number, rslt: number): void {
    if (rslt !== 0 && this.done > 0) fail(`result ${rslt.toString(16)}`);
    this.done++;
    this.submit(tag);
  }

  private createKernel(domid?: DomId): ProgramOps {
    const domain = this.xen.createDomain({
      domid,
      pages: GUEST_PAGES,
      privileged: domid === DOM0,
      vcpu: (owner: Domain, index: number) => new ProgramVcpu(owner, index, this.schedule, this.xen.trace),
    });
    if (typeof domain === 'number') throw new Error(`createDomain: ${domain}`);
    this.xen.unpause(domain);
    return new ProgramOps(this.xen, domain, FIRST_FREE_GFN);
  }
}
