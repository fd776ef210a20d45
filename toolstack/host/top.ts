import {XEN_VERSION} from '../../hypervisor/version.ts';
import {SHUTDOWN_crash} from '../../hypervisor/abi/sched.ts';
import {DOM0, type Domain, type DomId, type Hypervisor} from '../../hypervisor/index.ts';
import {PAGE_SIZE} from '../../hypervisor/memory/index.ts';
import type {DomainStatistics} from './observe.ts';

const KIB_PER_PAGE = PAGE_SIZE / 1024;

/** One domain as xentop shows it. Counters are since its start; "tx" is what the guest sends. */
export interface TopDomain {
  domid: DomId;
  name: string;
  dying: boolean;
  shutdown: boolean;
  blocked: boolean;
  crashed: boolean;
  paused: boolean;
  running: boolean;
  cpuNs: number;
  memoryKib: number;
  maxMemoryKib: number;
  /** Of each vCPU. */
  vcpuNs: readonly number[];
  networks: readonly TopNetwork[];
  vbds: readonly TopVbd[];
  instructions: number;
  upcalls: number;
  exits: number;
  hypercalls: number;
}

export interface TopNetwork {
  rxBytes: number;
  rxPackets: number;
  rxErrors: number;
  rxDrops: number;
  txBytes: number;
  txPackets: number;
  txErrors: number;
  txDrops: number;
}

export interface TopVbd {
  /** Number of the virtual device. */
  device: number;
  /** Times that a request had to wait for room. */
  full: number;
  reads: number;
  writes: number;
  readSectors: number;
  writtenSectors: number;
}

/** What xentop reads at one time. */
export interface TopSample {
  /** Host time. */
  timeNs: number;
  /** "4.17.7" */
  xenVersion: string;
  totalMemoryKib: number;
  freeMemoryKib: number;
  nrCpus: number;
  domains: readonly TopDomain[];
}

export interface TopSource {
  xen: Hypervisor;
  nrCpus: number;
  nameOf: (domid: DomId) => string | undefined;
  /** Nothing for dom0, which has no devices. */
  statistics: (domain: Domain) => DomainStatistics | undefined;
}

export const sampleTop = ({xen, nrCpus, nameOf, statistics}: TopSource): TopSample => ({
  timeNs: xen.schedule.now(),
  xenVersion: `${XEN_VERSION.major}.${XEN_VERSION.minor}${XEN_VERSION.extra}`,
  totalMemoryKib: xen.totalPages * KIB_PER_PAGE,
  freeMemoryKib: xen.freePages * KIB_PER_PAGE,
  nrCpus,
  domains: xen.allDomains().map((domain) => topDomain(xen, domain, nameOf(domain.id), statistics(domain))),
});

const topDomain = (
  xen: Hypervisor,
  domain: Domain,
  name = '(null)',
  statistics: DomainStatistics | undefined,
): TopDomain => {
  const info = xen.domainTable.get(domain.id);
  const isDom0 = domain.id === DOM0;
  const counters = domain.vcpus.map((vcpu) => vcpu.counters());
  const shutdown = domain.shutdownReason !== undefined;
  return {
    domid: domain.id,
    name,
    dying: domain.dying,
    shutdown,
    blocked: !isDom0 && domain.blocked,
    crashed: info?.shutdownReason === SHUTDOWN_crash,
    paused: domain.paused,
    running: isDom0 || domain.running,
    cpuNs: domain.cpuTimeNs,
    memoryKib: (info?.totalPages ?? 0) * KIB_PER_PAGE,
    maxMemoryKib: (info?.maxPages ?? 0) * KIB_PER_PAGE,
    vcpuNs: domain.vcpus.map(({cpuTimeNs}) => cpuTimeNs),
    networks: networksOf(statistics),
    vbds: vbdsOf(statistics),
    instructions: sum(counters, ({instructions}) => instructions),
    upcalls: sum(counters, ({upcalls}) => upcalls),
    exits: sum(counters, ({exits}) => sum(Object.values(exits), Number)),
    hypercalls: sum(counters, ({hypercalls}) => sum([...hypercalls.values()], Number)),
  };
};

const sum = <T>(values: readonly T[], count: (value: T) => number): number =>
  values.reduce((total, value) => total + count(value), 0);

const networksOf = (statistics: DomainStatistics | undefined): TopNetwork[] =>
  Object.values(statistics?.vifs ?? {}).map((vif) => ({
    rxBytes: vif.rxBytes,
    rxPackets: vif.rxPackets,
    rxErrors: vif.rxErrors,
    rxDrops: vif.rxDropped,
    txBytes: vif.txBytes,
    txPackets: vif.txPackets,
    txErrors: vif.txErrors,
    txDrops: 0,
  }));

/** The device's number is the last part of its node's name. */
const vbdsOf = (statistics: DomainStatistics | undefined): TopVbd[] =>
  Object.entries(statistics?.disks ?? {}).map(([path, disk]) => ({
    device: Number(path.slice(path.lastIndexOf('/') + 1)),
    full: disk.oo_req,
    reads: disk.rd_req,
    writes: disk.wr_req,
    readSectors: disk.rd_sect,
    writtenSectors: disk.wr_sect,
  }));
