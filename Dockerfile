# The images of the three roles: `docker build --target api|media|worker .`, or all by `make image`.
#
#   BASE           a Debian 12 with nothing on it; the one build argument that names an image
#   TORCH_SOURCE   where pip finds torch, as its options, e.g. "--index-url URL"; without it the wheel
#                  of the registry, which on Linux brings CUDA
#   VERSION, REVISION   for the labels
ARG BASE=docker.io/library/debian:12.12-slim

# What all images share: Python, a user, and the places that may be written to.
FROM ${BASE} AS python
RUN apt-get update \
 && apt-get install --yes --no-install-recommends ca-certificates python3 \
 && rm -rf /var/lib/apt/lists/* /var/cache/apt/*.bin /var/cache/apt/archives/*.deb \
 && useradd --uid 10001 --no-log-init --user-group --home-dir /data --shell /usr/sbin/nologin remocap \
 && install -d -o remocap -g remocap /data /models /scratch /secrets
ENV PATH=/opt/remocap/app/bin:/opt/remocap/bin:/usr/local/bin:/usr/bin:/bin \
    PYTHONPATH=/opt/remocap/app \
    PYTHONDONTWRITEBYTECODE=1 \
    HOME=/scratch \
    TMPDIR=/scratch \
    REMOCAP_HOST=0.0.0.0 \
    REMOCAP_DATA_DIR=/data \
    REMOCAP_MODELS_DIR=/models \
    REMOCAP_LOG_FORMAT=json

# Where packages are installed into /opt/remocap, a virtual environment without pip.
FROM python AS builder
RUN apt-get update \
 && apt-get install --yes --no-install-recommends python3-venv \
 && rm -rf /var/lib/apt/lists/* \
 && python3 -m venv /pip \
 && python3 -m venv --without-pip /opt/remocap
ENV PATH=/pip/bin:/usr/local/bin:/usr/bin:/bin \
    HOME=/root \
    TMPDIR=/tmp \
    PYTHONDONTWRITEBYTECODE= \
    PYTHONPATH= \
    PIP_CONSTRAINT=/src/deploy/image/constraints.txt \
    PIP_NO_CACHE_DIR=1 \
    PIP_DISABLE_PIP_VERSION_CHECK=1 \
    PIP_ROOT_USER_ACTION=ignore
WORKDIR /src
COPY pyproject.toml ./
COPY deploy/image ./deploy/image

FROM builder AS api-packages
RUN python3 deploy/image/requirements.py > wanted.txt \
 && pip --python /opt/remocap/bin/python install -r wanted.txt

FROM builder AS media-packages
RUN python3 deploy/image/requirements.py media > wanted.txt \
 && pip --python /opt/remocap/bin/python install -r wanted.txt

FROM builder AS worker-packages
ARG TORCH_SOURCE=
RUN python3 deploy/image/requirements.py --only torch > torch.txt \
 && pip --python /opt/remocap/bin/python install -r torch.txt ${TORCH_SOURCE}
RUN python3 deploy/image/requirements.py > wanted.txt \
 && pip --python /opt/remocap/bin/python install -r wanted.txt

# The page that the api serves.
FROM builder AS page
COPY service/web ./service/web
RUN python3 service/web/build.py

# Our own code, the same for all roles.
FROM builder AS app
COPY README.md LICENSE NOTICE hatch_build.py ./
COPY proto ./proto
COPY model ./model
COPY benchmarks ./benchmarks
COPY service ./service
COPY --from=page /src/service/web/dist ./service/web/dist
RUN pip --python /opt/remocap/bin/python install --no-deps --target /opt/remocap/app .

FROM python AS role
ARG VERSION=0.1.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="RemoCap" \
      org.opencontainers.image.description="A video of people in, their 3D body meshes out, frame by frame" \
      org.opencontainers.image.licenses="MIT" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
USER remocap
WORKDIR /data
VOLUME ["/data", "/scratch"]
ENTRYPOINT ["remocap"]

FROM role AS api
COPY --from=api-packages /opt/remocap /opt/remocap
COPY --from=app /opt/remocap/app /opt/remocap/app
EXPOSE 8000 50051
HEALTHCHECK --interval=15s --timeout=5s --start-period=30s CMD ["python", "-m", "service.healthcheck", "api"]
CMD ["api"]

FROM role AS media
COPY --from=media-packages /opt/remocap /opt/remocap
COPY --from=app /opt/remocap/app /opt/remocap/app
EXPOSE 8001
HEALTHCHECK --interval=15s --timeout=5s --start-period=30s CMD ["python", "-m", "service.healthcheck", "media"]
CMD ["media"]

FROM role AS worker
ENV NVIDIA_DRIVER_CAPABILITIES=compute,utility
COPY --from=worker-packages /opt/remocap /opt/remocap
COPY --from=app /opt/remocap/app /opt/remocap/app
EXPOSE 8010
HEALTHCHECK --interval=15s --timeout=5s --start-period=120s CMD ["python", "-m", "service.healthcheck", "worker"]
CMD ["worker"]
