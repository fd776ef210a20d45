/** Hardware that a paper's numbers are from, as far as it says. */
export interface Setup {
  readonly name: string;
  readonly what: string;
  /** Of a CPU; that of the price lists' machine where the paper does not say. */
  readonly ghz: number;
  /** vCPUs of each guest; Infinity: the paper does not say, and they are taken not to limit. */
  readonly guestCpus: number;
  /** vCPUs of dom0. */
  readonly dom0Cpus: number;
  /** What the disk or link does at most. */
  readonly device?: {readonly bytesPerSec: number};
  readonly source: string;
}

/** Xeon E5-2450, on which Dall et al. measured: for papers that do not name a CPU. */
const LIST_GHZ = 2.1;

/** Where a paper says nothing of CPUs: the guest has one, and dom0. */
const notNamed = {ghz: LIST_GHZ, guestCpus: 1, dom0Cpus: 1};

export const ramdiskDom0: Setup = {
  name: 'ramdisk-24',
  what: 'dom0 with 24 vCPUs and a ramdisk; 2.66 GHz assumed, as two Xeons of 2012 with 24 threads have; vCPUs of guests not named',
  ghz: 2.66,
  guestCpus: Infinity,
  dom0Cpus: 24,
  source: 'persistent grants RFC, LKML 2012-10',
};

export const nullBlock16: Setup = {
  name: 'null-blk-16',
  what: 'guest with 16 vCPUs, null_blk in dom0, which is taken to have 16, too; the CPU is not named',
  ghz: LIST_GHZ,
  guestCpus: 16,
  dom0Cpus: 16,
  source: 'multi-queue RFC, LKML 2015-02-15',
};

export const r720: Setup = {
  name: 'r720-p320h',
  what: 'Dell R720, two Xeon E5-2643 v2 of 3.5 GHz, dom0 with 8 vCPUs, guest with 4, Micron P320h, taken for the drive of 2.5 inch, 1.75 GB/s',
  ghz: 3.5,
  guestCpus: 4,
  dom0Cpus: 8,
  device: {bytesPerSec: 1.75e9},
  source:
    "multi-queue RFC v2, LKML 2015-06-30; the drive's rate is recalled, and what eight rings do from 16 KiB on; the card of " +
    'that name does 3.2 GB/s',
};

export const xeon2630: Setup = {
  name: 'e5-2630v4',
  what: 'Xeon E5-2630 v4 of 2.2 GHz with 10 cores; a vCPU of the guest and of dom0 for each queue',
  ghz: 2.2,
  guestCpus: 4,
  dom0Cpus: 10,
  source: 'netif-staging-grants of xen.git, revision 4',
};

export const machine2005: Setup = {
  name: 'xen-2005',
  what: "two CPUs that are not named, a disk as fast as dom0's row says",
  ...notNamed,
  source: "the changeset's own table",
};

export const machine2007: Setup = {
  name: 'xen-2007',
  what: 'a machine that is not named; the guest and dom0 have a CPU each',
  ...notNamed,
  source: 'xen-devel 2007-03, "Remove netloop by lazy copying in netback"',
};

export const pentiumD: Setup = {
  name: 'pentium-d',
  what: 'Pentium D of 2.8 GHz; its two cores are taken to be three CPUs, one a domain',
  ...notNamed,
  ghz: 2.8,
  source: 'Wang et al., HPDC 2008, recalled',
};

export const kvmtoolHost: Setup = {
  name: 'kvmtool',
  what: 'a host that is not named, as fast as the rows without ioeventfd say, with requests of 128 KiB',
  ...notNamed,
  source: "kvmtool's commit 37f3d50e",
};

/** Its disk is as fast as the row with PV drivers says. */
export const gplpvHost: Setup = {
  name: 'gplpv',
  what: 'a host that is not named, device models in dom0, Gigabit Ethernet, a disk that writes 150 MB/s',
  ...notNamed,
  source: 'Xen wiki, Xen Windows GplPv',
};

export const xen2003: Setup = {
  name: 'xen-2003',
  what: "Xeon of 2.4 GHz, Gigabit Ethernet that does what native Linux's row says",
  ...notNamed,
  ghz: 2.4,
  source: 'Barham et al., SOSP 2003, recalled',
};

export const stubDomains: Setup = {
  name: 'stub-domain',
  what: 'a host that is not named',
  ...notNamed,
  source: 'Thibault, Xen 3.3 features, 2008',
};

export const santos2008: Setup = {
  name: 'santos-2008',
  what: 'a host that is not named, the guest and dom0 on a CPU each',
  ...notNamed,
  source: 'Santos et al., USENIX 2008, abstract',
};

export const ram2009: Setup = {
  name: 'ram-2009',
  what: 'a host that is not named, dom0 on one CPU, Ethernet of 10 Gbit/s',
  ...notNamed,
  device: {bytesPerSec: 1.25e9},
  source: 'Ram et al., VEE 2009, recalled',
};

export const kvmHost: Setup = {
  name: 'kvm-host',
  what: 'a host of KVM that is not named, the guest and its device model on a CPU each',
  ...notNamed,
  source: 'none: what P15 and P16 have in common',
};

export const menon2006: Setup = {
  name: 'menon-2006',
  what: 'one CPU for the guest and the driver domain; its clock is not at hand',
  ...notNamed,
  source: 'Menon et al., USENIX 2006, recalled',
};
