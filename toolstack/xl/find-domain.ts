import {ToolstackError} from '../errors.ts';
import type {Xl} from './command.ts';

const U32_MAX = 2 ** 32 - 1;

/** The domid that a name or number on the command line means. Of a number it is not known whether the domain exists. */
export const findDomain = async (xl: Xl, name: string): Promise<number> => {
  const domid = await lookUp(xl, name);
  if (domid === undefined) throw new ToolstackError('EINVAL', `${name} is an invalid domain identifier (rc=-6)`);
  return domid;
};

/** Of the block commands, which leave the error number out. */
export const findBlockDomain = async (xl: Xl, name: string): Promise<number> => {
  const domid = await lookUp(xl, name);
  if (domid === undefined) throw new ToolstackError('EINVAL', noSuchDomain(name));
  return domid;
};

export const noSuchDomain = (name: string): string => `${name} is an invalid domain identifier`;

/** Digits are a number even of no domain, so that a dry run needs no host. @see libxl_domain_qualifier_to_domid */
export const lookUp = async (xl: Xl, name: string): Promise<number | undefined> => {
  if (/^\d+$/.test(name)) return Math.min(Number(name), U32_MAX);
  const client = await xl.client();
  return (await client.call('domain.resolve', {name})) ?? undefined;
};
