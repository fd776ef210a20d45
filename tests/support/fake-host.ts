import {NEVER, type Observable, of, Subject, concat} from 'rxjs';
import type {DomainEvent, DomId} from '../../hypervisor/index.ts';
import {virtualClock} from '../../hypervisor/schedule/index.ts';
import type {DomainConfig} from '../../toolstack/config/index.ts';
import type {CpuControl} from '../../toolstack/host/cpus/index.ts';
import type {ServedHost} from '../../toolstack/daemon/served-host.ts';
import {ToolstackError} from '../../toolstack/errors.ts';
import type {SaveOptions} from '../../toolstack/host/save.ts';
import type {HeaderInfo} from '../../toolstack/host/save-header.ts';
import type {TopSample} from '../../toolstack/host/top.ts';
import type {
  DiskListing,
  DomainSummary,
  HostBusEvent,
  HostDisks,
  HostInfo,
  HostNetworks,
  HostScsi,
  HostVifs,
  VifListing,
} from '../../toolstack/host/api.ts';

export const summaryOf = (domid: number, name: string, more: Partial<DomainSummary> = {}): DomainSummary => ({
  domid: domid as DomId,
  name,
  handle: '00000000-0000-0000-0000-000000000000',
  vcpus: 1,
  onlineVcpus: 1,
  totalPages: 65_536,
  maxPages: 65_536,
  podPages: 0,
  paused: false,
  shutdown: false,
  shutdownReason: undefined,
  dying: false,
  createdNs: 0,
  memoryMib: 256,
  cpuSeconds: 30.7,
  state: '-b----',
  uptimeSeconds: 280,
  ...more,
});

const DOM0 = summaryOf(0, 'Domain-0', {memoryMib: 2048, cpuSeconds: 203, state: 'r-----', uptimeSeconds: 359});

/** A host of made-up domains for tests of what talks to one. Writes down what it was asked. */
export class FakeHost implements ServedHost {
  readonly calls: string[] = [];
  readonly events = new Subject<DomainEvent>();
  readonly output = new Subject<Uint8Array>();
  readonly input = new Subject<string>();
  readonly clock = virtualClock(1);
  readonly log: Observable<string> = NEVER;
  readonly xenbusEvents: Observable<HostBusEvent> = NEVER;
  guests: DomainSummary[] = [];
  diskRows: DiskListing[] = [];
  vifRows: VifListing[] = [];
  scrollback = '';
  /** Thrown by whatever changes something. */
  failure: Error | undefined;
  hostInfo: HostInfo = {
    hostname: 'xendom0',
    totalMemoryMib: 6143,
    freeMemoryMib: 3776,
    nrCpus: 2,
    freeCpus: 0,
    scheduler: 'credit2',
  };
  readonly #configs = new Map<number, DomainConfig>();
  #closed = false;

  get domainEvents(): Observable<DomainEvent> {
    return this.events;
  }

  create(config: DomainConfig, options: {paused?: boolean} = {}): Promise<DomId> {
    this.#act('create', config.name, options.paused ?? false);
    const domid = 1 + Math.max(0, ...this.guests.map((guest) => guest.domid));
    this.guests.push(summaryOf(domid, config.name));
    this.#configs.set(domid, config);
    return Promise.resolve(domid as DomId);
  }

  save(domid: DomId, file: string, {leave}: SaveOptions = {}): Promise<HeaderInfo> {
    this.#act('save', domid, file, leave ?? 'destroyed');
    return Promise.resolve({mandatoryFlags: 3, optionalFlags: 0, optionalBytes: 1235});
  }

  restore(file: string): Promise<DomId> {
    this.#act('restore', file);
    return Promise.resolve(1 as DomId);
  }

  domains(): DomainSummary[] {
    return [DOM0, ...this.guests];
  }

  resolve(name: string): DomId | undefined {
    if (/^\d+$/.test(name)) return Number(name) as DomId;
    return this.domains().find((domain) => domain.name === name)?.domid;
  }

  config(domid: DomId): DomainConfig {
    const config = this.#configs.get(domid);
    if (config === undefined) throw new ToolstackError('ENOENT', `no domain ${domid}`);
    return config;
  }

  setConfig(domid: DomId, config: DomainConfig): void {
    this.#act('setConfig', domid, config.name);
    this.#configs.set(domid, config);
  }

  nameOf(domid: DomId): string | undefined {
    return this.domains().find((domain) => domain.domid === domid)?.name;
  }

  pause(domid: DomId): void {
    this.#act('pause', domid);
  }

  unpause(domid: DomId): void {
    this.#act('unpause', domid);
  }

  shutdown(domid: DomId, trigger: string): Promise<void> {
    this.#act('shutdown', domid, trigger);
    this.#emit('shutdown', domid, 0);
    return Promise.resolve();
  }

  waitShutdown(domid: DomId): Promise<number | undefined> {
    return new Promise((resolve) => {
      this.events.subscribe(({domid: ended, info}) => {
        if (ended === domid) resolve(info.shutdownReason);
      });
    });
  }

  destroy(domid: DomId): Promise<void> {
    this.#act('destroy', domid);
    this.#emit('destroyed', domid, undefined);
    this.guests = this.guests.filter((guest) => guest.domid !== domid);
    return Promise.resolve();
  }

  rename(domid: DomId, name: string): Promise<void> {
    this.#act('rename', domid, name);
    return Promise.resolve();
  }

  suspend(domid: DomId): Promise<void> {
    this.#act('suspend', domid);
    return Promise.resolve();
  }

  resume(domid: DomId): Promise<void> {
    this.#act('resume', domid);
    return Promise.resolve();
  }

  setMemoryTarget(domid: DomId, targetKib: number): Promise<void> {
    this.#act('setMemoryTarget', domid, targetKib);
    return Promise.resolve();
  }

  sendSysrq(domid: DomId, letter: string): Promise<void> {
    this.#act('sysrq', domid, letter);
    return Promise.resolve();
  }

  /** For `xl list -l`: tests of what is done with CPUs have a real host. */
  get cpus(): CpuControl {
    const schedule = {pool: 0, scheduler: 'credit2', weight: 256, cap: 0, vcpus: []};
    return {schedule: () => schedule} as unknown as CpuControl;
  }

  setMaxMemory(domid: DomId, maxKib: number): Promise<void> {
    this.#act('setMaxMemory', domid, maxKib);
    return Promise.resolve();
  }

  readonly disks: HostDisks = {
    attach: (domid, {vdev}) => this.#do('attachDisk', domid, vdev),
    detach: (domid, vdev, {force = false} = {}) => this.#do('detachDisk', domid, vdev, force),
    changeMedium: (domid, {vdev, target = ''}) => this.#do('changeMedium', domid, vdev, target),
    list: () => Promise.resolve(this.diskRows),
    exportNbd: (domid, vdev) => {
      this.#act('exportNbd', domid, vdev);
      return Promise.reject(new ToolstackError('ENODEV', 'no such disk'));
    },
  };

  readonly vifs: HostVifs = {
    attach: (domid, {mac}) => this.#do('attachVif', domid, String(mac)),
    detach: (domid, which) => this.#do('detachVif', domid, which),
    list: () => Promise.resolve(this.vifRows),
    ethtool: () => ({}),
    setLink: (domid, which) => this.#act('setLink', domid, which),
    faults: () => ({faults: 'none', lost: 0, duplicated: 0, held: 0}),
    setFaults: (domid, which) => this.#act('setFaults', domid, which),
    captured: (domid) => {
      this.#act('captureVifs', domid);
      throw new ToolstackError('ENODEV', 'no such vif');
    },
  };

  readonly net: HostNetworks = {bridges: () => [], addBridge: ({name}) => this.#do('addBridge', name)};

  readonly scsi: HostScsi = {
    attach: (domid, spec) => this.#do('attachScsi', domid, spec),
    detach: (domid, vdev, {force = false} = {}) => this.#do('detachScsi', domid, vdev, force),
    list: () => Promise.resolve([]),
    exportIscsi: () => Promise.reject(new ToolstackError('ENODEV', 'no such units')),
  };

  consoleOutput(domid: DomId): Observable<Uint8Array> {
    this.calls.push(`console ${domid}`);
    return concat(of(Buffer.from(this.scrollback)), this.output);
  }

  consoleInput(_domid: DomId, data: Uint8Array): void {
    this.input.next(Buffer.from(data).toString());
  }

  info(): HostInfo {
    return this.hostInfo;
  }

  costs(): undefined {
    return undefined;
  }

  top(): TopSample {
    return {
      timeNs: 0,
      xenVersion: '4.17.7',
      totalMemoryKib: 6_290_432,
      freeMemoryKib: 3_866_624,
      nrCpus: 2,
      domains: [],
    };
  }

  debugKeys(keys: string): void {
    this.#act('debugKeys', keys);
  }

  dmesg({clear = false} = {}): readonly string[] {
    this.calls.push(`dmesg ${clear}`);
    return ['(XEN) one', '(XEN) two'];
  }

  close({graceNs = 0} = {}): Promise<void> {
    if (!this.#closed) this.calls.push(`close ${graceNs}`);
    this.#closed = true;
    return Promise.resolve();
  }

  #do(...words: readonly (string | number | boolean)[]): Promise<void> {
    this.#act(...words);
    return Promise.resolve();
  }

  #act(...words: readonly (string | number | boolean)[]): void {
    this.calls.push(words.join(' '));
    if (this.failure !== undefined) throw this.failure;
  }

  #emit(type: 'shutdown' | 'destroyed', domid: DomId, shutdownReason: number | undefined): void {
    const info = this.domains().find((domain) => domain.domid === domid);
    if (info !== undefined) this.events.next({type, domid, info: {...info, shutdownReason}});
  }
}
