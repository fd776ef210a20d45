import {ToolstackError} from '../errors.ts';
import type {Xl} from './command.ts';

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

export const lookUp = async (xl: Xl, name: string): Promise<number | undefined> => {
  const client = await xl.client();
  return (await client.call('domain.resolve', {name})) ?? undefined;
};
