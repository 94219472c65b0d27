"""Knows nothing of the platform but its addresses: asks each process by
reflection what it serves, asks for its health, and makes one call.

    pip install -r requirements.txt
    python stranger.py
    python stranger.py 127.0.0.1:7102 studio.orders.v1.CatalogueService/ListProducts '{"page_size": 3}'
"""

import os
import sys

import grpc
from google.protobuf import descriptor_pool, json_format, message_factory
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase

MOVED = int(os.environ.get("STUDIO_PORT_OFFSET", "0"))
HOUSE = [f"127.0.0.1:{port + MOVED}" for port in range(7101, 7108)]


def look_around(address):
    with grpc.insecure_channel(address) as channel:
        database = ProtoReflectionDescriptorDatabase(channel)
        health = health_pb2_grpc.HealthStub(channel)
        for service in sorted(s for s in database.get_services() if s.startswith("studio.")):
            status = health.Check(health_pb2.HealthCheckRequest(service=service), timeout=5).status
            methods = descriptor_pool.DescriptorPool(database).FindServiceByName(service).methods
            word = health_pb2.HealthCheckResponse.ServingStatus.Name(status)
            print(f"{address}  {word}  {service}: {', '.join(m.name for m in methods)}")


def call(address, path, request):
    service, method = path.split("/")
    with grpc.insecure_channel(address) as channel:
        pool = descriptor_pool.DescriptorPool(ProtoReflectionDescriptorDatabase(channel))
        found = pool.FindServiceByName(service).FindMethodByName(method)
        asked, answered = (message_factory.GetMessageClass(t) for t in (found.input_type, found.output_type))
        ask = channel.unary_unary(f"/{path}", asked.SerializeToString, answered.FromString)
        print(json_format.MessageToJson(ask(json_format.Parse(request, asked()), timeout=5), ensure_ascii=False))


if len(sys.argv) > 2:
    call(sys.argv[1], sys.argv[2], sys.argv[3] if len(sys.argv) > 3 else "{}")
else:
    for one in HOUSE:
        look_around(one)
    call(HOUSE[1], "studio.orders.v1.CatalogueService/ListProducts", '{"page_size": 2}')
