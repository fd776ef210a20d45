import {XenbusStateConnected, XenbusStateInitWait} from '../../hypervisor/abi/io/xenbus.ts';
import {stateName, stateNames, type XenbusRole, type XenbusState} from '../../hypervisor/xenbus/index.ts';
import {type DeviceKind, deviceKinds, legalStates} from './kinds.ts';

const HEAD = `# Xenbus states

Which state either end of a device may write next, by kind of device: what the [referee](conformance.md#the-referee) allows. A
label says what an end has published before it goes there. Any end may stay in its state, and the toolstack may write Closing at any time: it
asks for the device's end.

Written by \`pvsim xenbus --markdown\` from [state.ts](../hypervisor/xenbus/state.ts) and
[kinds.ts](../toolstack/referee/kinds.ts).
`;

const NAMES: Readonly<Record<string, string>> = {
  vbd: 'disk',
  vif: 'network interface',
  vscsi: 'SCSI host',
  console: 'console beside the first, which has no states',
};

/** What has to be published before an end goes from a state to another. */
const publishedBefore = (
  kind: DeviceKind,
  role: XenbusRole,
  from: XenbusState,
  state: XenbusState,
): readonly string[] => {
  if (role === 'backend') {
    if (state === XenbusStateInitWait) return kind.offers;
    return state === XenbusStateConnected ? kind.properties : [];
  }
  const isSkipped = state === XenbusStateConnected && from < kind.announcedIn;
  if (state !== kind.announcedIn && !isSkipped) return [];
  return [
    ...new Set(
      kind.rings
        .filter(({isOptional}) => isOptional !== true)
        .flatMap(({refNode, portNodes}) => [refNode, portNodes[portNodes.length - 1]]),
    ),
  ];
};

const diagram = (type: string, kind: DeviceKind, role: XenbusRole): string => {
  const moves = stateNames.flatMap((_, from) =>
    legalStates(type, role, from).map((to) => {
      const published = publishedBefore(kind, role, from, to).join(', ');
      return `    ${stateName(from)} --> ${stateName(to)}${published === '' ? '' : `: ${published}`}`;
    }),
  );
  return ['```mermaid', 'stateDiagram-v2', '    [*] --> Initialising', ...moves, '```'].join('\n');
};

const order = ({frontendFirst}: DeviceKind): string =>
  frontendFirst
    ? 'The frontend is Connected first, and the backend once the toolstack has put the interface in its place.'
    : 'The backend is Connected first.';

const chapter = (type: string, kind: DeviceKind): string =>
  [
    `## ${type}: ${NAMES[type] ?? type}`,
    order(kind),
    '### Frontend',
    diagram(type, kind, 'frontend'),
    '### Backend',
    diagram(type, kind, 'backend'),
  ].join('\n\n');

/** A page of Markdown: the states of all kinds of devices as Mermaid diagrams. */
export const stateDiagrams = (): string => {
  const chapters = Object.entries(deviceKinds).map(([type, kind]) => (kind === undefined ? '' : chapter(type, kind)));
  return `${HEAD}\n${chapters.join('\n\n')}\n`;
};
