import {atoi} from './c-numbers.ts';

export type RdmPolicy = 'strict' | 'relaxed';

/** A device to pass through, as xl's specification says; `name` stands for an address. */
export type PciConfig = {
  domain: number;
  bus: number;
  dev: number;
  func: number;
  /** The slot in the guest, shifted as devfn has it. */
  vdevfn: number;
  /** One bit a function; all ones for `*`. */
  vfuncMask: number;
  msitranslate: boolean;
  powerMgmt: boolean;
  permissive: boolean;
  seize: boolean;
  rdmPolicy?: RdmPolicy;
  name?: string;
};

export type PciError = {rc: number; messages: readonly string[]};

const ERROR_FAIL = -3;
const ERROR_INVAL = -6;
const ALL_FUNCTIONS = 0xffff_ffff;

const INVALID: PciError = {rc: ERROR_INVAL, messages: []};

/** C's %x: blanks, a sign and 0x may stand in front. */
const HEX = String.raw`[ \t\n\v\f\r]*([+-]?(?:0[xX](?=[0-9a-fA-F]))?[0-9a-fA-F]+)`;
const ADDRESS = new RegExp(`^(?:${HEX}:)?${HEX}:${HEX}\\.(?:(\\*)|${HEX})`);
const SLOT = new RegExp(`^${HEX}`);

const hexValue = (text: string): number => {
  const negative = text.startsWith('-');
  const value = Number.parseInt(text.replace(/^[+-]/, ''), 16);
  return negative ? -value >>> 0 : value;
};

type Scanned = {fields: Pick<PciConfig, 'domain' | 'bus' | 'dev' | 'func' | 'vfuncMask'>; length: number};

/** `[domain:]bus:dev.func`, hexadecimal, with `*` for all functions. */
const scanAddress = (text: string): Scanned | undefined => {
  // Which form it is depends on the colons among the leading hexadecimal digits.
  const colons = /^[0-9a-fA-F:]*/.exec(text)?.[0].split(':').length ?? 0;
  const match = ADDRESS.exec(text);
  if (match === null || colons !== (match[1] === undefined ? 2 : 3)) return undefined;
  const [all, domainText, busText, devText, star, funcText] = match;
  const [domain, bus, dev, func] = [domainText ?? '0', busText, devText, funcText ?? '0'].map(hexValue);
  if (domain > 0xffff || bus > 0xff || dev > 0x1f || func > 7) return undefined;
  const vfuncMask = star === undefined ? 1 : ALL_FUNCTIONS;
  return {fields: {domain, bus, dev, func, vfuncMask}, length: all.length};
};

const scanSlot = (text: string): {vdevfn: number; length: number} | undefined => {
  const match = SLOT.exec(text);
  if (match === null) return undefined;
  const slot = hexValue(match[1]);
  return slot > 0x1f ? undefined : {vdevfn: slot << 3, length: match[0].length};
};

const flag =
  (field: 'permissive' | 'msitranslate' | 'seize' | 'powerMgmt') =>
  (pci: PciConfig, value: string): undefined => {
    pci[field] = atoi(value) !== 0;
  };

const OPTIONS: Readonly<Record<string, (pci: PciConfig, value: string) => PciError | undefined>> = {
  bdf: (pci, value) => {
    const address = scanAddress(value);
    if (address === undefined) return INVALID;
    Object.assign(pci, address.fields);
    return undefined;
  },
  vslot: (pci, value) => {
    const slot = scanSlot(value);
    if (slot === undefined) return INVALID;
    pci.vdevfn = slot.vdevfn;
    return undefined;
  },
  permissive: flag('permissive'),
  msitranslate: flag('msitranslate'),
  seize: flag('seize'),
  power_mgmt: flag('powerMgmt'),
  rdm_policy: (pci, value) => {
    const policy = rdmPolicy(value);
    if (policy === undefined) return {rc: ERROR_FAIL, messages: [`Unknown RDM policy: ${value}`]};
    pci.rdmPolicy = policy === 'invalid' ? undefined : policy;
    return undefined;
  },
  name: (pci, value) => {
    pci.name = value;
    return undefined;
  },
};

/** libxl knows the name of its default, too. */
export const rdmPolicy = (text: string): RdmPolicy | 'invalid' | undefined =>
  (['strict', 'relaxed', 'invalid'] as const).find((name) => name === text.toLowerCase());

/** What of a device the config's other keys say. */
export type PciDefaults = Partial<Pick<PciConfig, 'msitranslate' | 'powerMgmt' | 'permissive' | 'seize' | 'rdmPolicy'>>;

/**
 * Reads an item of pci=[]: an address, `@slot` and `key=value` pairs, or pairs alone; exactly one of address and name.
 * @see xl-pci-configuration(5)
 */
export const parsePciSpec = (spec: string, defaults: PciDefaults = {}): PciConfig | PciError => {
  const none = {domain: 0, bus: 0, dev: 0, func: 0, vdevfn: 0, vfuncMask: 0};
  const flags = {msitranslate: false, powerMgmt: false, permissive: false, seize: false};
  const pci: PciConfig = {...none, ...flags, ...defaults};
  const address = scanAddress(spec);
  let rest = spec.slice(address?.length ?? 0);
  if (address !== undefined) {
    Object.assign(pci, address.fields);
    if (rest.startsWith('@')) {
      const slot = scanSlot(rest.slice(1));
      if (slot === undefined) return INVALID;
      pci.vdevfn = slot.vdevfn;
      rest = rest.slice(1 + slot.length);
    }
    if (rest !== '' && !rest.startsWith(',')) return INVALID;
    rest = rest.slice(1);
  }
  return parseOptions(pci, rest, address !== undefined);
};

const parseOptions = (pci: PciConfig, text: string, hasAddress: boolean): PciConfig | PciError => {
  const given = new Set(hasAddress ? ['bdf'] : []);
  for (let rest = text; rest !== '';) {
    const match = /^([^=]*)=([^,]*),?/.exec(rest);
    if (match === null) return INVALID;
    const [all, key, value] = match;
    if (!Object.hasOwn(OPTIONS, key)) {
      return {rc: ERROR_INVAL, messages: [`Unknown PCI_SPEC_STRING option: ${key}`]};
    }
    const error = OPTIONS[key](pci, value);
    if (error !== undefined) return error;
    given.add(key);
    rest = rest.slice(all.length);
  }
  return given.has('bdf') === given.has('name') ? INVALID : pci;
};
