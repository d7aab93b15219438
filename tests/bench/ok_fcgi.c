/*
 * ok_fcgi: the least a FastCGI program can do. It answers every request with "ok" and about as
 * many header fields as a manifest has. lighttpd starts as many processes of it as the registry
 * has for manifests: what it reaches is the limit of web server, libfcgi and kernel together.
 * As plain CGI it does the same for one request. It has no settings, and says nothing when it is
 * asked for them.
 */
#include <fcgiapp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DIGEST "sha256:2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae"

static const char reply[] = "Status: 200 OK\r\n"
	"Content-Type: application/vnd.oci.image.manifest.v1+json\r\n"
	"Docker-Distribution-API-Version: registry/2.0\r\n"
	"Docker-Content-Digest: " DIGEST "\r\n"
	"ETag: \"" DIGEST "\"\r\n"
	"Content-Length: 2\r\n"
	"\r\n"
	"ok";

static int answer_cgi(void)
{
	const char *method = getenv("REQUEST_METHOD");
	int head = method && method[0] == 'H';

	return fwrite(reply, 1, sizeof(reply) - 1 - (head ? 2 : 0), stdout) == 0;
}

int main(int argc, char **argv)
{
	FCGX_Request request;

	if (argc > 1 && (strcmp(argv[argc - 1], "--dump") == 0 ||
			strcmp(argv[argc - 1], "--check") == 0))
		return 0;
	if (FCGX_IsCGI())
		return answer_cgi();
	if (FCGX_Init() || FCGX_InitRequest(&request, 0, 0))
		return 1;
	while (FCGX_Accept_r(&request) == 0) {
		const char *method = FCGX_GetParam("REQUEST_METHOD", request.envp);
		char rest[4096];
		int head = method && method[0] == 'H';

		FCGX_PutStr(reply, (int)sizeof(reply) - 1 - (head ? 2 : 0), request.out);
		while (FCGX_GetStr(rest, sizeof(rest), request.in) == (int)sizeof(rest))
			;
		FCGX_Finish_r(&request);
	}
	return 0;
}
