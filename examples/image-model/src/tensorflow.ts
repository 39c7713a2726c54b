import * as tf from "@tensorflow/tfjs-core";
import * as layers from "@tensorflow/tfjs-layers";
import { registerFilterGradient } from "./filter-gradient.ts";

// Production mode leaves out a check of every tensor for NaN and the advice to install the native package.
tf.enableProdMode();
// Also what loads the CPU backend: bundlers drop an import of it for its side effect alone, as its package.json lets them.
registerFilterGradient();

export { layers, tf };
