import {compact} from '../device-json.ts';
import {parsePciSpec, type PciConfig, type RdmPolicy} from '../pci-spec.ts';
import {parseRdmSpec} from '../rdm-spec.ts';
import type {JsonObject} from '../yajl.ts';
import type {Context, Step} from './step.ts';

/** A string with a mistake is ignored as a whole. libxlu's messages have no newline of their own. */
const reservedMemory: Step = ({reader, draft}) => {
  const text = reader.string('rdm');
  if (text === undefined) return;
  const {ok, messages, strategy, policy} = parseRdmSpec(text);
  if (messages.length > 0) reader.warn(messages.join(''));
  if (!ok || draft.type !== 'hvm') return;
  draft.libxl.typeInfo.rdm = compact({
    strategy: strategy === 'host' ? strategy : undefined,
    policy: policy === 'invalid' ? undefined : policy,
  });
};

const pciDevices: Step = (context) => {
  const {reader, draft} = context;
  const defaults = {
    msitranslate: reader.boolean('pci_msitranslate') ?? false,
    powerMgmt: reader.boolean('pci_power_mgmt') ?? false,
    permissive: reader.boolean('pci_permissive') ?? false,
    seize: reader.boolean('pci_seize') ?? false,
  };
  const rdm = defaultPolicy(context);
  const items = reader.strings('pci') ?? [];
  for (const item of items) {
    const pci = parsePciSpec(item.text, {...defaults, ...(rdm && {rdmPolicy: rdm})});
    if ('rc' in pci) {
      const place = `unable to parse PCI_SPEC_STRING \`${item.text}' for passthrough`;
      throw reader.failAt(item, [`${pci.messages.join('')}${place}`], -pci.rc);
    }
    draft.devices.pcidevs = [...(draft.devices.pcidevs ?? []), pciToJson(pci)];
  }
  if (items.length > 0 && draft.type === 'pv') draft.libxl.typeInfo.e820_host = 'True';
};

/** libxl reads the policy of an HVM guest for any guest; what stands there for the others means strict. */
const defaultPolicy = ({draft}: Context): RdmPolicy | undefined =>
  draft.type === 'hvm' ? (draft.libxl.typeInfo.rdm as {policy?: RdmPolicy}).policy : 'strict';

/** libxl_device_pci */
const pciToJson = (pci: PciConfig): JsonObject =>
  compact({
    func: pci.func || undefined,
    dev: pci.dev || undefined,
    bus: pci.bus || undefined,
    domain: pci.domain || undefined,
    vdevfn: pci.vdevfn || undefined,
    vfunc_mask: pci.vfuncMask || undefined,
    msitranslate: pci.msitranslate || undefined,
    power_mgmt: pci.powerMgmt || undefined,
    permissive: pci.permissive || undefined,
    seize: pci.seize || undefined,
    rdm_policy: pci.rdmPolicy,
    name: pci.name,
  });

export const PASSTHROUGH_STEPS: readonly Step[] = [reservedMemory, pciDevices];
