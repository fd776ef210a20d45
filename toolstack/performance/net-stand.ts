import {type NetBackend, netBackend, type NetFeatures} from '../../backends/net/index.ts';
import {Networks} from '../../backends/network/index.ts';
import {type Netfront, type NetFrontendOptions, netFrontend} from '../../frontends/net/index.ts';
import {type Domain, DOM0, type DomId, Hypervisor} from '../../hypervisor/index.ts';
import type {DomainMemory} from '../../hypervisor/memory/index.ts';
import {realClock, type Schedule} from '../../hypervisor/schedule/index.ts';
import {ProgramOps, ProgramVcpu} from '../../hypervisor/vcpu/index.ts';
import {XenbusBus} from '../../hypervisor/xenbus/index.ts';
import {XsClient, Xenstored} from '../../hypervisor/xenstore/index.ts';

const PAGES = 8192;
const FIRST_FREE_GFN = 16;

interface Kernel {
  ops: ProgramOps;
  xs: XsClient;
}

export interface NetStandOptions {
  backend?: Partial<NetFeatures>;
  frontend?: NetFrontendOptions['features'];
}

/** Dom0 with a bridge, and guests whose vifs are connected to it. */
export class NetStand {
  readonly schedule: Schedule = realClock();
  private readonly options: NetStandOptions;
  private readonly xen = new Hypervisor({schedule: this.schedule});
  private readonly store = new Xenstored({
    domainExists: (domid) => this.xen.domain(domid) !== undefined,
    defer: (task) => this.schedule.post(task),
  });
  private readonly dom0 = this.createKernel(DOM0);
  private readonly vifs: NetBackend[] = [];
  private readonly memories = new Map<Netfront, DomainMemory>();

  constructor(options: NetStandOptions = {}) {
    this.options = options;
    const networks = new Networks(this.dom0.ops);
    const driver = netBackend({networks, features: options.backend, onVif: (vif) => this.vifs.push(vif)});
    new XenbusBus(this.dom0.ops, this.dom0.xs, 'backend', [driver]).start();
  }

  /** The interface of a new guest, once it is connected. */
  async connect(): Promise<Netfront> {
    const guest = this.createKernel();
    const {frontend: features} = this.options;
    const connected = new Promise<Netfront>((resolve) => {
      new XenbusBus(guest.ops, guest.xs, 'frontend', [netFrontend(resolve, {features})]).start();
    });
    await this.addVif(guest.ops.domid);
    const nic = await connected;
    this.memories.set(nic, guest.ops.memory);
    return nic;
  }

  memoryOf(nic: Netfront): DomainMemory {
    const memory = this.memories.get(nic);
    if (memory === undefined) throw new Error(`${nic.name} is of no guest here`);
    return memory;
  }

  /** Frames that did not arrive. */
  dropped(): number {
    return this.vifs.map((vif) => vif.stats()).reduce((sum, stats) => sum + stats.rxDropped + stats.txErrors, 0);
  }

  close(): void {
    this.schedule.close();
  }

  private async addVif(domid: number): Promise<void> {
    const frontend = `/local/domain/${domid}/device/vif/0`;
    const backend = `/local/domain/0/backend/vif/${domid}/0`;
    const mac = `00:16:3e:00:00:0${domid}`;
    const ends = {
      [frontend]: {backend, 'backend-id': '0', state: '1', mac},
      [backend]: {frontend, 'frontend-id': String(domid), online: '1', state: '1', mac, 'hotplug-status': 'connected'},
    };
    const {xs} = this.dom0;
    await xs.write(`/local/domain/${domid}`, '');
    await xs.setPerms(`/local/domain/${domid}`, ['n0', `r${domid}`]);
    await xs.transaction(async (tx) => {
      for (const [path, nodes] of Object.entries(ends)) {
        await xs.write(path, '', tx);
        await xs.setPerms(path, path === frontend ? [`n${domid}`, 'r0'] : ['n0', `r${domid}`], tx);
        for (const [key, value] of Object.entries(nodes)) await xs.write(`${path}/${key}`, value, tx);
      }
    });
  }

  private createKernel(domid?: DomId): Kernel {
    const domain = this.xen.createDomain({
      domid,
      pages: PAGES,
      privileged: domid === DOM0,
      vcpu: (owner: Domain, index: number) => new ProgramVcpu(owner, index, this.schedule, this.xen.trace),
    });
    if (typeof domain === 'number') throw new Error(`createDomain: ${domain}`);
    this.xen.unpause(domain);
    const ops = new ProgramOps(this.xen, domain, FIRST_FREE_GFN);
    return {ops, xs: new XsClient(this.store.connectInProcess(domain.id))};
  }
}
