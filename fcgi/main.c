/* The main of every program: what it serves is what it is linked with (handlers.h). */
#include "gateway/serve.h"
#include "routes.h"

int main(int argc, char **argv)
{
	return serve_main(argc, argv, routes, nroutes);
}
