/** Joints as balls and bones as rods, drawn over the body so that they show through it. */

import {
  type Color,
  CylinderGeometry,
  Group,
  InstancedMesh,
  Matrix4,
  MeshBasicMaterial,
  Quaternion,
  SphereGeometry,
  Vector3,
} from "three";

const BALL_M = 0.024;
const ROD_M = 0.009;

const ball = new SphereGeometry(BALL_M, 14, 10);
const rod = new CylinderGeometry(ROD_M, ROD_M, 1, 8, 1, true);
const UP = new Vector3(0, 1, 0);

export class Skeleton {
  readonly group = new Group();
  private readonly balls: InstancedMesh;
  private readonly rods: InstancedMesh;

  /** @param bones Pairs of joints: [S*2]. */
  constructor(
    color: Color,
    private readonly bones: Int32Array,
  ) {
    const rods = new MeshBasicMaterial({ color: 0xffffff, depthTest: false, transparent: true });
    const balls = new MeshBasicMaterial({
      color: color.clone().multiplyScalar(0.45),
      depthTest: false,
      transparent: true,
    });
    this.balls = new InstancedMesh(ball, balls, 14);
    this.rods = new InstancedMesh(rod, rods, bones.length / 2);
    this.rods.renderOrder = 10;
    this.balls.renderOrder = 11;
    for (const part of [this.rods, this.balls]) part.frustumCulled = false;
    this.group.add(this.rods, this.balls);
  }

  /** Take joints over: [14*3], about the pelvis. */
  show(joints: Float32Array): void {
    const points = Array.from({ length: 14 }, (_, i) => new Vector3().fromArray(joints, 3 * i));
    const matrix = new Matrix4();
    for (const [i, point] of points.entries()) {
      this.balls.setMatrixAt(i, matrix.setPosition(point));
    }
    for (let bone = 0; 2 * bone < this.bones.length; bone++) {
      const [a, b] = [this.bones[2 * bone], this.bones[2 * bone + 1]];
      this.rods.setMatrixAt(bone, rodBetween(points[a], points[b]));
    }
    this.balls.instanceMatrix.needsUpdate = true;
    this.rods.instanceMatrix.needsUpdate = true;
  }

  dispose(): void {
    for (const part of [this.balls, this.rods]) {
      (part.material as MeshBasicMaterial).dispose();
      part.dispose();
    }
  }
}

function rodBetween(a: Vector3, b: Vector3): Matrix4 {
  const along = b.clone().sub(a);
  const length = Math.max(along.length(), 1e-6);
  const turn = new Quaternion().setFromUnitVectors(UP, along.clone().divideScalar(length));
  const middle = a.clone().add(b).multiplyScalar(0.5);
  return new Matrix4().compose(middle, turn, new Vector3(1, length, 1));
}
