import {generateUuid, parseUuid} from '../identity.ts';
import type {GuestType} from '../domain-config.ts';
import type {SettingReader} from '../setting-reader.ts';
import {field, only, type Context, type Step} from './step.ts';

const securityLabels: Step = ({reader, draft}) => {
  const {createInfo, buildInfo} = draft.libxl;
  const initial = reader.string('init_seclabel');
  const label = reader.string('seclabel');
  if (initial !== undefined) createInfo.ssid_label = initial;
  if (label === undefined) return;
  if (initial === undefined) createInfo.ssid_label = label;
  else buildInfo.exec_ssid_label = label;
};

/** Names are compared as prefixes, so that "p" means pv. @see xl-cfg-keys.json, "type" */
const TYPES: readonly GuestType[] = ['hvm', 'pv', 'pvh'];
const BUILDERS: Readonly<Record<string, GuestType>> = {hvm: 'hvm', generic: 'pv'};

const typeOf = (
  reader: SettingReader,
  key: string,
  names: Readonly<Record<string, GuestType>>,
): GuestType | undefined => {
  const value = reader.string(key);
  if (value === undefined) return undefined;
  const name = Object.keys(names).find((candidate) => candidate.startsWith(value));
  if (name === undefined) throw reader.fail(key, [`Invalid domain type ${value}.`]);
  return names[name];
};

const guestType: Step = ({reader, draft}) => {
  const type = typeOf(reader, 'type', Object.fromEntries(TYPES.map((name) => [name, name])));
  const builder = typeOf(reader, 'builder', BUILDERS);
  if (type !== undefined && builder !== undefined && type !== builder) {
    throw reader.fail('builder', ['Contradicting "builder" and "type" options specified.']);
  }
  draft.type = builder ?? type ?? 'pv';
  // libxl shows these members of the union even when they are empty.
  if (draft.type === 'hvm') draft.libxl.typeInfo = {vga: {}, vnc: {}, sdl: {}, spice: {}, rdm: {}};
};

const name: Step = ({reader, draft}) => {
  draft.name = reader.string('name');
  if (draft.name === undefined) throw reader.fail('name', ['Domain name must be specified.']);
};

const uuid: Step = ({reader, draft, random}: Context) => {
  const text = reader.string('uuid');
  draft.uuid = text === undefined ? generateUuid(random) : parseUuid(text);
  if (draft.uuid === undefined) throw reader.fail('uuid', [`Failed to parse UUID: ${text}`]);
};

export const IDENTITY_STEPS: readonly Step[] = [
  securityLabels,
  guestType,
  field('hap', 'boolean', 'createInfo.hap'),
  name,
  uuid,
  field('oos', 'boolean', 'createInfo.oos'),
  field('pool', 'string', 'createInfo.pool_name'),
  only(
    'pvh',
    field('pvshim', 'boolean', 'typeInfo.pvshim'),
    field('pvshim_path', 'string', 'typeInfo.pvshim_path'),
    field('pvshim_cmdline', 'string', 'typeInfo.pvshim_cmdline'),
    field('pvshim_extra', 'string', 'typeInfo.pvshim_extra'),
  ),
];
