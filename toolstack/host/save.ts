import {HVM_PARAM_CONSOLE_PFN, HVM_PARAM_STORE_PFN} from '../../hypervisor/abi/hvm/params.ts';
import {XenbusStateConnected} from '../../hypervisor/abi/io/xenbus.ts';
import {SHUTDOWN_suspend} from '../../hypervisor/abi/sched.ts';
import type {Domain, DomId} from '../../hypervisor/index.ts';
import {configToJson, type DomainConfig, formatJson, parseVscsiSpec} from '../config/index.ts';
import {ToolstackError} from '../errors.ts';
import type {RamDiskOf} from './ram-disks.ts';
import {type DomainRecord, exclusively} from './record.ts';
import {fitConfig, savedConfig} from './save-config.ts';
import {sayAgain} from './say-again.ts';
import {type SaveTarget, writeWhole} from './save-file.ts';
import {encodeHeader, type HeaderInfo} from './save-header.ts';
import {diskRecords, pageRecords} from './save-pages.ts';
import {streamEnd, streamStart} from './save-stream.ts';
import {suspendGuest, type SuspendParts} from './save-suspend.ts';

export interface SaveOptions {
  /** Written in place of the domain's own configuration; it has all devices that the domain has. */
  readonly config?: DomainConfig;
  /** Of relative paths in `config`; the process's own directory by default. */
  readonly baseDir?: string;
  /** The saved domain gets its number again, or is not restored. */
  readonly preserveDomid?: boolean;
  /** What becomes of the domain; it is destroyed by default. */
  readonly leave?: 'destroyed' | 'running' | 'paused';
}

export interface SaveParts extends SuspendParts {
  readonly destroy: (domid: DomId) => Promise<void>;
  /** Contents of a disk that is in memory. */
  readonly ramDisk: RamDiskOf;
}

/** Domains that are about to be saved: each at most once at a time. */
const underway = new WeakSet<DomainRecord>();

const TSC_KHZ = 1_000_000;

/**
 * Suspends a domain and writes it to a file, as libxl does. When that fails the domain goes on, and there is no file.
 * Returns what xl tells of the file.
 */
export const saveDomain = async (
  parts: SaveParts,
  record: DomainRecord,
  file: string,
  options: SaveOptions,
): Promise<HeaderInfo> => {
  const {xen} = parts;
  const {domid} = record;
  const domain = savable(parts, record);
  const own = savedConfig(record);
  const config = options.config === undefined ? own : fitConfig(options.config, own, file);
  underway.add(record);
  try {
    const info = await writeWhole(file, async (output) => {
      await suspendGuest(parts, domid);
      return exclusively(record, () => write(parts, record, domain, output, {...options, config}));
    }).catch(async (error: unknown) => {
      await goOn(parts, record, domain);
      throw error;
    });
    if (options.leave === 'paused') xen.pause(domain);
    if ((options.leave ?? 'destroyed') === 'destroyed') await parts.destroy(domid);
    else await goOn(parts, record, domain);
    return info;
  } finally {
    underway.delete(record);
  }
};

const savable = ({xen}: SaveParts, record: DomainRecord): Domain => {
  const {domid} = record;
  const domain = xen.domain(domid);
  const refuse = (code: string, reason: string): ToolstackError =>
    new ToolstackError(code, `libxl: error: Domain ${domid}:${reason}`);
  if (domain === undefined || record.destroying !== undefined) throw refuse('ESRCH', 'Non-existant domain');
  if (underway.has(record)) throw refuse('EBUSY', 'is being saved already');
  if (record.config.libxl.buildInfo.disable_migrate === 'True') throw refuse('EPERM', 'nomigrate=1 forbids to save it');
  if (record.emulated !== undefined)
    throw refuse('EOPNOTSUPP', 'the state of emulated devices (type="hvm") cannot be saved');
  if (domain.vcpus.some((vcpu) => vcpu.saveContext === undefined)) {
    throw refuse('EOPNOTSUPP', 'the built-in kernel and guest programs cannot be saved, kernels of their own can');
  }
  const volatile = record.config.vscsi?.find((spec) => parseVscsiSpec(spec).path.startsWith('ram:'));
  if (volatile !== undefined) throw refuse('EOPNOTSUPP', `SCSI disk "${volatile}" is in memory, and would be lost`);
  return domain;
};

const write = async (
  parts: SaveParts,
  record: DomainRecord,
  domain: Domain,
  output: SaveTarget,
  options: SaveOptions & {config: DomainConfig},
): Promise<HeaderInfo> => {
  if (record.destroying !== undefined || domain.shutdownReason !== SHUTDOWN_suspend) {
    throw new ToolstackError('ESRCH', `libxl: error: Domain ${record.domid}:guest we were suspending has gone`);
  }
  const ramDisks = contentsOf(record, parts.ramDisk);
  const header = await describe(parts, record, domain, options, Object.keys(ramDisks));
  await output.write(header.bytes);
  await output.write(streamStart());
  for (const pages of pageRecords(domain)) await output.write(pages);
  const createdNs = parts.xen.domainTable.get(domain.id)?.createdNs ?? 0;
  await output.write(
    streamEnd({
      tscKhz: TSC_KHZ,
      elapsedNs: parts.clock.now() - createdNs,
      params: [HVM_PARAM_STORE_PFN, HVM_PARAM_CONSOLE_PFN].map((index) => [index, domain.hvmParams.get(index) ?? 0]),
      context: domain.vcpus[0].saveContext!(),
    }),
  );
  for (const contents of Object.values(ramDisks)) {
    for (const blocks of diskRecords(contents)) await output.write(blocks);
  }
  return header.info;
};

/** The header: the domain's configuration and size as they are now. */
const describe = async (
  {xen, xs}: SaveParts,
  record: DomainRecord,
  domain: Domain,
  {config, baseDir, preserveDomid}: SaveOptions & {config: DomainConfig},
  ramDisks: readonly string[],
): Promise<ReturnType<typeof encodeHeader>> => {
  const target = await xs.read(`/local/domain/${domain.id}/memory/target`);
  const {totalPages, podPages} = xen.domainTable.get(domain.id)!;
  const current = {...config, memoryKib: Number(target)};
  return encodeHeader(formatJson(configToJson(current, {created: true})), {
    config: current,
    baseDir: baseDir ?? record.baseDir,
    pages: totalPages,
    podPages,
    frames: domain.sharedInfoGfn,
    ramDisks,
    ...(preserveDomid === true && {domid: domain.id}),
  });
};

/** By the disk's name, in the order of the configuration. */
const contentsOf = ({config, devices}: DomainRecord, ramDisk: RamDiskOf): Record<string, Uint8Array> =>
  Object.fromEntries(
    config.disks.flatMap(({vdev}) => {
      const contents = ramDisk({devices}, vdev);
      return contents === undefined ? [] : [[vdev, contents]];
    }),
  );

/** SCHEDOP_shutdown returns in the guest, and says that it was not restored. */
const goOn = async ({xen, xs}: SaveParts, {devices}: DomainRecord, domain: Domain): Promise<void> => {
  if (domain.dying) return;
  await xs.resume(domain.id);
  xen.resume(domain);
  // Linux's xen-scsifront stops before it suspends, and sends commands again when it hears that its backend is connected.
  const hosts = Array.from(devices.values()).filter(({kind}) => kind === 'vscsi');
  for (const {backendPath} of hosts) await sayAgain(xs, `${backendPath}/state`, XenbusStateConnected);
};
