export {type IdeUnit, PiixIde, type PiixIdeOptions, type UnplugWhich} from './piix-ide.ts';
