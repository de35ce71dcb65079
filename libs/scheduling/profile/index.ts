export {
  extensionPoints,
  pluginsOf,
  type EnabledPlugin,
  type ExtensionPoint,
  type Profile,
} from './profile.ts';
