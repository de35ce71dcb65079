import { fromBinary, toBinary } from '@bufbuild/protobuf';
import { FileDescriptorProtoSchema, FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt';
import { ReflectionService } from '@grpc/reflection';
import { descriptors } from './gen/descriptors.ts';

type Descriptions = ConstructorParameters<typeof ReflectionService>[0];

/** Reflection (v1 and v1alpha) that lists `services`, all of them described in proto/. */
export function createReflection(services: readonly string[]): ReflectionService {
  const set = fromBinary(FileDescriptorSetSchema, Buffer.from(descriptors, 'base64'));
  const fileDescriptorProtos = set.file.map((file) => Buffer.from(toBinary(FileDescriptorProtoSchema, file)));
  // The package asks for a loaded package definition and reads just these descriptors from it.
  const definition = { described: { format: '', type: {}, fileDescriptorProtos } };
  return new ReflectionService(definition as unknown as Descriptions, { services: [...services] });
}
