export {
  absolutePath,
  baseName,
  createFileSystem,
  dirName,
  FileError,
  splitPath,
  type FileErrorCode,
  type FileSystem,
} from './file-system.ts';
export {
  contentOf,
  device,
  directory,
  file,
  link,
  type Device,
  type Directory,
  type FileNode,
  type RegularFile,
  type SymbolicLink,
} from './nodes.ts';
