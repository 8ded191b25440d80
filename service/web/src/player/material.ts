/** Light and colour of bodies, as `model/shading.py` has them for the overlay mp4. */

import {
  DoubleSide,
  FrontSide,
  KeepStencilOp,
  NoBlending,
  NotEqualStencilFunc,
  ReplaceStencilOp,
  ShaderMaterial,
  Vector3,
} from "three";

/** Seven colours that people with any colour vision tell apart (Okabe and Ito 2008). */
const PALETTE = [
  [86, 180, 233],
  [230, 159, 0],
  [0, 158, 115],
  [204, 121, 167],
  [240, 228, 66],
  [213, 94, 0],
  [0, 114, 178],
] as const;

export function personRgb(trackId: number): readonly [number, number, number] {
  return PALETTE[(trackId - 1) % PALETTE.length];
}

export function personCss(trackId: number): string {
  return `rgb(${personRgb(trackId).join(" ")})`;
}

const linear = (srgb: number) => (srgb <= 0.04045 ? srgb / 12.92 : ((srgb + 0.055) / 1.055) ** 2.4);

const BODY_VERTEX = /* glsl */ `
  varying vec3 seen;
  void main() {
    seen = normalMatrix * normal;
    gl_Position = projectionMatrix * modelViewMatrix * vec4(position, 1.0);
  }`;

// A wrapped key light from above the viewer's left shoulder, light from the sky, and a little
// darkening towards the outline; linear light, encoded as sRGB at the end.
const BODY_FRAGMENT = /* glsl */ `
  uniform vec3 rgb;
  uniform float opacity;
  varying vec3 seen;
  const vec3 TO_KEY = vec3(-0.4802, 0.6202, 0.6202);
  void main() {
    vec3 n = normalize(seen);
    float key = clamp((dot(n, TO_KEY) + 0.25) / 1.25, 0.0, 1.0);
    float light = 0.16 + 0.12 * n.y + 0.92 * key;
    float grazing = 1.0 - clamp(n.z, 0.0, 1.0);
    light *= 1.0 - 0.5 * grazing * grazing;
    vec3 c = clamp(rgb * light, 0.0, 1.0);
    vec3 srgb = mix(12.92 * c, 1.055 * pow(max(c, 0.0031308), vec3(1.0 / 2.4)) - 0.055,
                    step(0.0031308, c));
    gl_FragColor = vec4(srgb * opacity, opacity);
  }`;

export function bodyMaterial(trackId: number): ShaderMaterial {
  const [r, g, b] = personRgb(trackId);
  return new ShaderMaterial({
    uniforms: {
      rgb: { value: new Vector3(linear(r / 255), linear(g / 255), linear(b / 255)) },
      opacity: { value: 1 },
    },
    vertexShader: BODY_VERTEX,
    fragmentShader: BODY_FRAGMENT,
    blending: NoBlending,
    transparent: true, // drawn after the floor, which shall not veil who stands lower than it was guessed
    side: FrontSide,
    polygonOffset: true,
    polygonOffsetFactor: 1,
    polygonOffsetUnits: 1,
  });
}

const SHADOW_VERTEX = /* glsl */ `
  void main() {
    vec4 world = modelMatrix * vec4(position, 1.0);
    float height = max(world.y, 0.0);
    world.xyz = vec3(world.x + 0.18 * height, 0.004, world.z - 0.12 * height);
    gl_Position = projectionMatrix * viewMatrix * world;
  }`;

const SHADOW_FRAGMENT = /* glsl */ `
  uniform float strength;
  void main() { gl_FragColor = vec4(0.0, 0.0, 0.0, strength); }`;

/** The body laid flat on the floor; the stencil lets each pixel darken once. */
export function shadowMaterial(): ShaderMaterial {
  return new ShaderMaterial({
    uniforms: { strength: { value: 0.18 } },
    vertexShader: SHADOW_VERTEX,
    fragmentShader: SHADOW_FRAGMENT,
    transparent: true,
    depthWrite: false,
    side: DoubleSide,
    stencilWrite: true,
    stencilRef: 1,
    stencilFunc: NotEqualStencilFunc,
    stencilZPass: ReplaceStencilOp,
    stencilZFail: KeepStencilOp,
  });
}
