import { DockerImage } from 'aws-cdk-lib';
import type { AssetOptions } from 'aws-cdk-lib/aws-s3-assets';
import { bundle, type Program } from './bundle.ts';

/** How the CDK makes an asset of a program: on this machine, without Docker. */
export function bundling(program: Program): NonNullable<AssetOptions['bundling']> {
  return {
    image: DockerImage.fromRegistry('none'), // never used: the local bundler always succeeds
    local: {
      tryBundle: (outputDirectory) => {
        bundle(program, outputDirectory);
        return true;
      },
    },
  };
}
