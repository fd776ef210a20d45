import {type Command, CommandError} from './command.ts';
import {ipObjects} from './ip-objects.ts';

const EXIT_USAGE = 255;

export const ipCommand: Command = {
  name: 'ip',
  usage: 'addr|link|route|neigh [show|add|del|set|flush ...]',
  help: 'shows and sets addresses, links, routes and neighbours',
  details: [
    '  ip addr [show] [dev NAME]         ip addr add|del ADDRESS/LENGTH dev NAME',
    '  ip link [show] [dev NAME]         ip link set NAME up|down',
    '  ip route [show]                   ip route add|del NETWORK/LENGTH|default via ADDRESS [dev NAME]',
    '  ip neigh [show]                   ip neigh flush',
  ],
  run: (ctx, [objectName = '', verbName = 'show', ...args]) => {
    const object = objectName === '' ? undefined : ipObjects.find(({name}) => name.startsWith(objectName));
    if (object === undefined) throw new CommandError(`Object "${objectName}" is unknown, try "help ip".`, EXIT_USAGE);
    const aliases: Readonly<Record<string, string>> = {list: 'show', ls: 'show', delete: 'del'};
    const wanted = aliases[verbName] ?? verbName;
    const verb = Object.entries(object.verbs).find(([name]) => name.startsWith(wanted))?.[1];
    if (verb === undefined) throw new CommandError(`Command "${verbName}" is unknown, try "help ip".`, EXIT_USAGE);
    ctx.printLines(verb(ctx.machine.net, args));
    return 0;
  },
};
