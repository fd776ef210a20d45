import type {Abi} from '../../hypervisor/abi/ctype.ts';
import {HVM_PARAM_STORE_EVTCHN, HVM_PARAM_STORE_PFN} from '../../hypervisor/abi/hvm/params.ts';
import type {Ledger} from '../../hypervisor/cost/index.ts';
import {type Domain, type DomId, Hypervisor} from '../../hypervisor/index.ts';
import {attachProgramIo} from '../../hypervisor/ioreq/index.ts';
import {type FaultRates, type Schedule, virtualClock} from '../../hypervisor/schedule/index.ts';
import {formatRecord, type TraceRecord} from '../../hypervisor/trace/index.ts';
import {ProgramOps, ProgramVcpu} from '../../hypervisor/vcpu/index.ts';
import {
  mapDomainRing,
  openGuestRing,
  type RequestTrace,
  XsClient,
  Xenstored,
  type XsTransport,
} from '../../hypervisor/xenstore/index.ts';
import {buildSpecialPages, FIRST_FREE_GFN} from '../builder/index.ts';
import {writeDom0Nodes} from '../host/dom0.ts';

export interface RigDomain {
  domain: Domain;
  ops: ProgramOps;
  xs: XsClient;
}

export interface RigOptions {
  seed?: number;
  clock?: Schedule;
  faults?: Partial<FaultRates>;
  /** Counts what I/O costs. */
  ledger?: Ledger;
  /** Keeps trace records; true by default. */
  traced?: boolean;
  /** Frames of dom0. */
  dom0Pages?: number;
  /** Takes what the store daemon writes to its log. */
  storeLog?: (line: string) => void;
  /** Sees each request to the store and its answer. */
  onRequest?: (request: RequestTrace) => void;
}

export interface RigGuestOptions {
  pages?: number;
  /** Layout of what its drivers share; x86_64 by default. */
  abi?: Abi;
  /** 1 by default. */
  vcpus?: number;
  /** With an interrupt controller, and ports and addresses that trap. */
  hvm?: boolean;
  /** What the guest's store client talks through instead of its bare ring. */
  transport?: (ring: XsTransport, ops: ProgramOps) => XsTransport;
}

export interface RigDevice {
  guest: RigDomain;
  type: string;
  devid: number;
  /** Nodes beside backend, backend-id and state. */
  front?: Readonly<Record<string, string>>;
  /** Nodes beside frontend, frontend-id, online and state. */
  back?: Readonly<Record<string, string>>;
}

export interface DevicePaths {
  frontPath: string;
  backPath: string;
}

/** Hypervisor, xenstored, dom0 and guests without drivers or toolstack; guests talk to the store over their rings. */
export class Rig {
  readonly schedule: Schedule;
  readonly xen: Hypervisor;
  readonly store: Xenstored;
  readonly dom0: RigDomain;
  private readonly records: TraceRecord[] = [];

  constructor({seed = 1, clock, faults, ledger, traced = true, dom0Pages, storeLog, onRequest}: RigOptions = {}) {
    this.schedule = clock ?? virtualClock(seed);
    this.xen = new Hypervisor({schedule: this.schedule, memoryMib: 4096, faults, ledger});
    if (traced) this.xen.trace.addSink((record) => this.records.push(record));
    const {domain, ops} = this.createDomain(0 as DomId, {pages: dom0Pages});
    this.store = new Xenstored({
      domainExists: (domid) => this.xen.domain(domid) !== undefined,
      introduceHook: (domid, _gfn, port) => mapDomainRing(ops, domid, port, () => this.store.onEvent(domid)),
      defer: (task) => this.schedule.post(task),
      log: storeLog,
      onRequest,
      conflictFault: () => this.xen.faults.active && this.xen.faults.hit('storeConflict'),
    });
    this.dom0 = {domain, ops, xs: new XsClient(this.store.connectInProcess(0))};
  }

  /** Every trace record so far as a line. */
  get trace(): string[] {
    return this.records.map(formatRecord);
  }

  /** A guest that runs, introduced to the store, with /local/domain/N and its device directory. */
  async createGuest({transport = (ring) => ring, ...options}: RigGuestOptions = {}): Promise<RigDomain> {
    const {domain, ops} = this.createDomain(undefined, options);
    const {storeGfn, storePort} = buildSpecialPages(this.xen, this.dom0.domain, domain);
    const path = `/local/domain/${domain.id}`;
    const {xs} = this.dom0;
    await this.run(async () => {
      await xs.write(path, '');
      await xs.setPerms(path, ['n0', `r${domain.id}`]);
      for (const [name, value] of [
        ['name', `guest${domain.id}`],
        ['domid', String(domain.id)],
        ['device', ''],
      ]) {
        await xs.write(`${path}/${name}`, value);
      }
      for (const own of ['error', 'data', 'control/shutdown', 'control/feature-poweroff', 'control/feature-reboot']) {
        await xs.write(`${path}/${own}`, '');
        await xs.setPerms(`${path}/${own}`, [`n${domain.id}`]);
      }
      await xs.introduce(domain.id, storeGfn, storePort);
    });
    const ring = openGuestRing(ops, ops.hvmParam(HVM_PARAM_STORE_PFN), ops.hvmParam(HVM_PARAM_STORE_EVTCHN));
    return {domain, ops, xs: new XsClient(transport(ring, ops))};
  }

  /** Writes both ends of a device in one transaction, as the toolstack does. */
  addDevice({guest, type, devid, front = {}, back = {}}: RigDevice): Promise<DevicePaths> {
    const domid = guest.domain.id;
    const frontPath = `/local/domain/${domid}/device/${type}/${devid}`;
    const backPath = `/local/domain/0/backend/${type}/${domid}/${devid}`;
    const {xs} = this.dom0;
    return this.run(async () => {
      await xs.transaction(async (tx) => {
        await xs.mkdir(frontPath, tx);
        await xs.setPerms(frontPath, [`n${domid}`, 'r0'], tx);
        const frontNodes = {backend: backPath, 'backend-id': '0', state: '1', ...front};
        for (const [key, value] of Object.entries(frontNodes)) await xs.write(`${frontPath}/${key}`, value, tx);
        await xs.mkdir(backPath, tx);
        await xs.setPerms(backPath, ['n0', `r${domid}`], tx);
        const backNodes = {frontend: frontPath, 'frontend-id': String(domid), online: '1', state: '1', ...back};
        for (const [key, value] of Object.entries(backNodes)) await xs.write(`${backPath}/${key}`, value, tx);
      });
      return {frontPath, backPath};
    });
  }

  /** Runs a step of the test with the clock driven. */
  run<T>(step: () => Promise<T>): Promise<T> {
    return this.schedule.drive(step());
  }

  /** Lets the simulation run for a while of its own time. */
  settle(ns = 1e9): Promise<void> {
    return this.schedule.sleep(ns);
  }

  /** What xl destroy does to the hypervisor and the store. */
  destroy(guest: RigDomain): void {
    this.xen.destroy(guest.domain);
    this.store.domainGone(guest.domain.id);
  }

  close(): void {
    this.schedule.close();
  }

  private createDomain(
    domid: DomId | undefined,
    {pages = 2048, abi, vcpus = 1, hvm = false}: RigGuestOptions,
  ): {domain: Domain; ops: ProgramOps} {
    const domain = this.xen.createDomain({
      domid,
      pages,
      abi,
      vcpus,
      privileged: domid === 0,
      vcpu: (owner, index) => new ProgramVcpu(owner, index, this.schedule, this.xen.trace),
    });
    if (typeof domain === 'number') throw new Error(`createDomain: ${domain}`);
    if (hvm) attachProgramIo(domain);
    this.xen.unpause(domain);
    return {domain, ops: new ProgramOps(this.xen, domain, FIRST_FREE_GFN)};
  }
}

export const createRig = async (options: RigOptions = {}): Promise<Rig> => {
  const rig = new Rig(options);
  await rig.run(() => writeDom0Nodes(rig.dom0.xs));
  return rig;
};
