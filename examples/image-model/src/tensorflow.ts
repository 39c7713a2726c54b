import * as tf from "@tensorflow/tfjs-core";
import * as layers from "@tensorflow/tfjs-layers";
import "@tensorflow/tfjs-backend-cpu";
import { registerFilterGradient } from "./filter-gradient.ts";

// Production mode leaves out a check of every tensor for NaN and the advice to install the native package.
tf.enableProdMode();
registerFilterGradient();

export { layers, tf };
